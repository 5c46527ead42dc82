"""Which versions of one library are live where: spread, outliers, conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.core.comparison.diff import Step, newest_first, release_line, step_of
from assay.core.comparison.similarity import fits


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """A line of some environments that does not take a version which others hold."""

    line: str
    asked_by: tuple[str, ...]
    version: str
    held_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Why environments could not share one version of a library.

    `majors` maps each release line (epoch and first segment, PEP 440) to who holds it, when there are
    several; `exclusions` are lines that do not take what others hold.
    """

    majors: Mapping[str, tuple[str, ...]]
    exclusions: tuple[Exclusion, ...]

    def __bool__(self) -> bool:
        return bool(self.majors or self.exclusions)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """One library: who holds which version, newest version first.

    `common` is the version that most hold, of equals the newest; `outliers` are all that hold another one;
    `step` is how far the newest is from the oldest, None when all are equal.
    """

    name: str
    versions: Mapping[str, tuple[str, ...]]
    common: str
    outliers: tuple[str, ...]
    step: Step | None
    conflict: Conflict

    @property
    def holders(self) -> int:
        """How many hold the library."""
        return sum(map(len, self.versions.values()))


def spread(name: str, holders: Mapping[str, Sequence[str]], asking: Iterable[tuple[str, str]] = ()) -> Spread:
    """Describe a library that somebody holds; `asking` are the lines that ask for it, with who asks so."""
    order = newest_first(holders)
    versions = {version: tuple(holders[version]) for version in order}
    common = max(order, key=lambda version: len(versions[version]))
    return Spread(
        name=name,
        versions=versions,
        common=common,
        outliers=tuple(one for version in order if version != common for one in versions[version]),
        step=step_of(order[-1], order[0]),
        conflict=Conflict(majors=_majors(versions), exclusions=_exclusions(versions, asking)),
    )


def diverges(counts: Mapping[str, int]) -> bool:
    """Say whether a library is live in several versions, told by how many hold each."""
    return len(counts) > 1


def _majors(versions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for version, holders in versions.items():
        line = release_line(version)
        found[line] = (*found.get(line, ()), *holders)
    return found if len(found) > 1 else {}


def _exclusions(versions: Mapping[str, tuple[str, ...]], asking: Iterable[tuple[str, str]]) -> tuple[Exclusion, ...]:
    asked_by: dict[str, list[str]] = {}
    for line, key in asking:
        asked_by.setdefault(line, []).append(key)
    return tuple(
        Exclusion(line=line, asked_by=tuple(keys), version=version, held_by=holders)
        for line, keys in sorted(asked_by.items())
        for version, holders in versions.items()
        if not fits(line, version)
    )
