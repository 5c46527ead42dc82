"""Known problems of compared versions: fixed and introduced when moving from the first version to the last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.core.advisories.advisory import AdvisoryIndex, Match
from assay.core.comparison.diff import Comparison


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """The known problems of compared versions. `counts` maps each affected library to one number per version."""

    counts: dict[str, tuple[int, ...]]
    fixed: tuple[Match, ...]
    introduced: tuple[Match, ...]
    remaining: tuple[Match, ...]

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries with a known problem in any of the versions."""
        return frozenset(self.counts)


def expose(found: Comparison, index: AdvisoryIndex) -> Exposure:
    """Match every version of a comparison with an advisory feed. Problems that share an identifier are the same."""
    counts: dict[str, tuple[int, ...]] = {}
    fixed: list[Match] = []
    introduced: list[Match] = []
    remaining: list[Match] = []
    for row in found.rows:
        matches = [index.matches(row.name, version) if version else () for version in row.versions]
        if any(matches):
            counts[row.name] = tuple(map(len, matches))
            first, last = matches[0], matches[-1]
            fixed += without(first, last)
            introduced += without(last, first)
            remaining += [one for one in last if one not in without(last, first)]
    return Exposure(counts=counts, fixed=tuple(fixed), introduced=tuple(introduced), remaining=tuple(remaining))


def without(matches: Iterable[Match], others: Iterable[Match]) -> list[Match]:
    """Return the problems that share no identifier with the others."""
    known = frozenset().union(*(one.names for one in others))
    return [one for one in matches if not one.names & known]
