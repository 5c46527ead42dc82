"""Merging near-identical versions: which one to keep, and what users of the others gain and lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.comparison.diff import Change, ComparedVersion, Row, compare
from assay.core.comparison.similarity import Profile, missing


@dataclass(frozen=True, kw_only=True)
class MergeEffect:
    """What users of one version gain and lose by using the kept one.

    `unserved` are the direct libraries of their version whose requirement the kept one does not satisfy.
    """

    reference: str
    identical: bool
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    altered: tuple[Row, ...]
    unserved: tuple[str, ...]


def choose_kept(profiles: Mapping[str, Profile]) -> str:
    """Return the key of the version to keep: the one with most libraries, on a tie the first by name."""
    return min(profiles, key=lambda key: (-len(profiles[key].versions), key))


def merge_effect(one: ComparedVersion, to: ComparedVersion, own: Profile, kept: Profile) -> MergeEffect:
    """Return the effect of moving from one version to the kept one; `own` and `kept` are their profiles."""
    changed = compare([one, to]).changed
    return MergeEffect(
        reference=one.label,
        identical=own.digest == kept.digest,
        gained=tuple(row.name for row in changed if row.change is Change.ADDED),
        lost=tuple(row.name for row in changed if row.change is Change.REMOVED),
        altered=tuple(row for row in changed if row.change not in {Change.ADDED, Change.REMOVED}),
        unserved=missing(own, kept),
    )
