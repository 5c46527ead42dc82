"""The similarity of two versions, and whether one satisfies the requirements of another.

The score is the mean of two weighted Jaccard indices (weight of the intersection over weight of the union, 0 to
1): one over (name, version) of all locked libraries, one over the names of direct libraries. So a direct library
counts in both, a transitive one in one. A library weighs `4 + 2·log2(all / holders)`, rounded (inverse document
frequency): a library in every version weighs less than a rare one, eight times less at 10,000 versions. Weights
are integers, so that sums are exact in any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from packaging.markers import UndefinedEnvironmentName
from packaging.version import InvalidVersion

from assay.core.spec import name_of, requirement


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The requirements and the locked libraries of a version.

    `lines` are the canonical PEP 508 lines of its spec and of its bases, `versions` the locked
    versions by normalised name (empty before resolution), `digest` the lock's ('' without one).
    """

    python: str
    lines: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    @cached_property
    def direct(self) -> frozenset[str]:
        """The normalised names of the direct libraries."""
        return frozenset(name_of(line) for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """The result of comparing one version with a need.

    `missing` are the direct names whose requirement it does not satisfy, `unfit` those of them that it contains in
    a version that does not fit or without a required extra. `extra` counts its libraries beyond the need,
    `covers` means that nothing is missing and the Python is the same.
    """

    key: str
    score: float
    covers: bool
    identical: bool
    missing: tuple[str, ...]
    unfit: tuple[str, ...]
    extra: int

    @property
    def words(self) -> str:
        """A sentence, e.g. `ds@2 plus 2 libraries covers this`; '' when no short sentence is true."""
        if self.identical:
            return f"identical to {self.key}"
        if self.covers:
            return f"{self.key} covers this"
        if not self.missing or self.unfit:
            return ""
        more = f"{len(self.missing)} {'library' if len(self.missing) == 1 else 'libraries'}"
        return f"{self.key} plus {more} covers this"


@lru_cache(maxsize=65_536)
def fits(line: str, version: str) -> bool:
    """Return whether a locked version satisfies a line. Pre-releases are accepted (PEP 440)."""
    try:
        return requirement(line).specifier.contains(version, prereleases=True)
    except InvalidVersion:  # pragma: no cover - packaging 26 returns, earlier releases raise
        return not requirement(line).specifier


def applies(line: str, python: str) -> bool:
    """Return whether a line's marker is true for a Python on this platform; without a marker it always is."""
    marker = requirement(line).marker
    try:
        return marker is None or marker.evaluate({"python_version": python, "python_full_version": f"{python}.99"})
    except UndefinedEnvironmentName:
        return True


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weight of each library among `total` versions, by the number of its holders."""

    holders: Mapping[str, int]
    total: int

    @cached_property
    def _known(self) -> dict[str, int]:
        return {name: self._weigh(count) for name, count in self.holders.items()}

    @cached_property
    def _rarest(self) -> int:
        return self._weigh(1)

    def _weigh(self, holders: int) -> int:
        return 4 + max(0, round(2 * math.log2(max(self.total, 1) / max(holders, 1))))

    def of(self, name: str) -> int:
        """Return the weight of one library; one without a holder weighs as much as one with a single holder."""
        return self._known.get(name, self._rarest)

    def sum(self, names: Iterable[str]) -> int:
        """Return the total weight of several libraries."""
        return sum(map(self.of, names))


def jaccard(shared: int, one: int, other: int) -> float:
    """Return the Jaccard index of two sets, by their weights and that of their intersection; 1 for two empty sets."""
    union = one + other - shared
    return shared / union if union else 1.0


def score(one: Profile, other: Profile, weights: Weights) -> float:
    """Return the similarity of two versions, 0 to 1. Before resolution only direct libraries are compared."""
    shared = one.direct & other.direct
    direct = jaccard(weights.sum(shared), weights.sum(one.direct), weights.sum(other.direct))
    if not one.versions or not other.versions:
        return direct
    both = {name for name, version in one.versions.items() if other.versions.get(name) == version}
    held = jaccard(weights.sum(both), weights.sum(one.versions), weights.sum(other.versions))
    return (held + direct) / 2


def missing(need: Profile, held: Profile) -> tuple[str, ...]:
    """Return the direct names of a need whose requirement the other version does not satisfy, in order.

    A line is satisfied when its library is locked in a version that matches its specifier, and each of its extras
    is in the other version's lines too: a lock does not record extras.
    """
    unserved = (name_of(line) for line in need.lines if applies(line, need.python) and not serves(held, line))
    return tuple(dict.fromkeys(unserved))


def serves(held: Profile, line: str) -> bool:
    """Return whether a version satisfies a line."""
    name = name_of(line)
    version = held.versions.get(name)
    if version is None or not fits(line, version):
        return False
    extras = requirement(line).extras
    return not extras or extras <= extras_of(held.lines, name)


def extras_of(lines: Iterable[str], name: str) -> set[str]:
    """Return the extras that these lines require of a library."""
    return {extra for line in lines if name_of(line) == name for extra in requirement(line).extras}


def nearness(key: str, need: Profile, held: Profile, weights: Weights) -> Nearness:
    """Compare a version with a need."""
    lacking = missing(need, held)
    known = need.versions or need.direct
    identical = bool(need.digest) and need.digest == held.digest
    return Nearness(
        key=key,
        score=1.0 if identical else score(need, held, weights),
        covers=identical or (not lacking and need.python == held.python),
        identical=identical,
        missing=() if identical else lacking,
        unfit=() if identical else tuple(name for name in lacking if name in held.versions),
        extra=sum(name not in known for name in held.versions),
    )


def groups(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the connected components of these pairs: each group sorted, largest group first."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = key = parent[parent[key]]
        return key

    for one, other in pairs:
        parent[root(one)] = root(other)
    found: dict[str, list[str]] = {}
    for key in parent:
        found.setdefault(root(key), []).append(key)
    return sorted((tuple(sorted(group)) for group in found.values()), key=lambda group: (-len(group), group))
