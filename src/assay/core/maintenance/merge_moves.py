"""The fewest moves of a merge: which locked versions to prefer, and how many libraries a result moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from packaging.version import InvalidVersion, Version

from assay.core.maintenance.merge_plan import Source


def preference_sets(sources: Sequence[Source]) -> list[dict[str, str]]:
    """Return sets of preferred versions by library, each to be resolved: at most one more than there are sources.

    The first has of each library the version that most people use, then the one in most sources, then the newest.
    Each other one has the versions of one source first, filled with those of the others, most used source first.
    """
    ordered = sorted(sources, key=lambda one: (-one.people, one.reference))
    found = [_common(ordered)]
    for first in ordered:
        merged: dict[str, str] = {}
        for source in (first, *(one for one in ordered if one is not first)):
            for name, version in source.versions.items():
                merged.setdefault(name, version)
        if merged not in found:
            found.append(merged)
    return found


def _common(sources: Sequence[Source]) -> dict[str, str]:
    people: dict[str, Counter[str]] = {}
    holders: dict[str, Counter[str]] = {}
    for source in sources:
        for name, version in source.versions.items():
            people.setdefault(name, Counter())[version] += source.people
            holders.setdefault(name, Counter())[version] += 1

    def best(name: str) -> str:
        return max(holders[name], key=lambda one: (people[name][one], holders[name][one], _key(one), one))

    return {name: best(name) for name in holders}


def _key(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")


def moves(sources: Sequence[Source], locked: Mapping[str, str]) -> tuple[int, int]:
    """Return how many libraries of all sources get another version, and how many people that affects.

    Both are sums over sources and libraries; a library that is left out does not move.
    """
    moved = [sum(locked.get(name, version) != version for name, version in one.versions.items()) for one in sources]
    return sum(moved), sum(count * one.people for count, one in zip(moved, sources, strict=True))
