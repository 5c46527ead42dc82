"""Known problems of versions side by side: which ones moving from the first to the last ends, and which it brings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from assay.core.advisories.advisory import AdvisoryIndex, Match
from assay.core.comparison.diff import Comparison


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """The known problems of a comparison's sides. `counts` has one number per side, of each library with any."""

    counts: dict[str, tuple[int, ...]]
    ended: tuple[Match, ...]
    brought: tuple[Match, ...]
    kept: tuple[Match, ...]

    @property
    def libraries(self) -> frozenset[str]:
        """The libraries with a known problem on any side."""
        return frozenset(self.counts)


def expose(found: Comparison, index: AdvisoryIndex) -> Exposure:
    """Hold every side of a comparison against a feed. A problem is the same under any of its aliases."""
    counts: dict[str, tuple[int, ...]] = {}
    ended: list[Match] = []
    brought: list[Match] = []
    kept: list[Match] = []
    for row in found.rows:
        sides = [index.matches(row.name, version) if version else () for version in row.versions]
        if any(sides):
            counts[row.name] = tuple(map(len, sides))
            first, last = sides[0], sides[-1]
            ended += without(first, last)
            brought += without(last, first)
            kept += [one for one in last if one not in without(last, first)]
    return Exposure(counts=counts, ended=tuple(ended), brought=tuple(brought), kept=tuple(kept))


def without(matches: Iterable[Match], others: Iterable[Match]) -> list[Match]:
    """Return the problems that are none of the others, by all names that they have."""
    known = frozenset().union(*(one.names for one in others))
    return [one for one in matches if not one.names & known]
