"""How alike two versions are, and whether one serves what another asks for.

The score is the mean of two weighted Jaccard indices (shared weight over joint weight, 0 to 1): one over
(name, version) of all locked libraries, one over the names asked for. So a library that somebody asked for
counts in both, and one that merely came along in one. A library weighs `4 + 2·log2(all / holders)`, rounded
(inverse document frequency): what every version holds tells less than what few hold, eight times less at
10,000 versions. Weights are whole numbers, so that sums are exact in whatever order they are taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a version asks for and what it holds.

    `lines` are the canonical PEP 508 lines of its spec and of the bases under it, `versions` the locked
    versions by normalised name (empty before resolution), `digest` the lock's ('' without one).
    """

    python: str
    lines: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    @cached_property
    def direct(self) -> frozenset[str]:
        """The normalised names asked for."""
        return frozenset(name_of(line) for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """How one version stands to a need.

    `missing` are the names asked for that it does not serve, `unfit` those of them that it holds, though in a
    version or without an extra that is needed. `extra` counts the libraries that it holds beyond the need,
    `covers` is that nothing is missing and the Python agrees.
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
        """Say it, e.g. `ds@2 plus 2 libraries covers this`; '' when no short sentence is true."""
        if self.identical:
            return f"identical to {self.key}"
        if self.covers:
            return f"{self.key} covers this"
        if not self.missing or self.unfit:
            return ""
        more = f"{len(self.missing)} {'library' if len(self.missing) == 1 else 'libraries'}"
        return f"{self.key} plus {more} covers this"


@lru_cache(maxsize=16_384)
def requirement(line: str) -> Requirement:
    """Return a canonical line as read; the lines were checked when they came in."""
    return Requirement(line)


@lru_cache(maxsize=16_384)
def name_of(line: str) -> str:
    """Return the normalised name that a line asks for."""
    return canonicalize_name(requirement(line).name)


@lru_cache(maxsize=65_536)
def fits(line: str, version: str) -> bool:
    """Say whether a locked version satisfies a line. What is installed may be a pre-release (PEP 440)."""
    try:
        return requirement(line).specifier.contains(version, prereleases=True)
    except InvalidVersion:  # pragma: no cover - packaging 26 answers, earlier releases raise
        return not requirement(line).specifier


def applies(line: str, python: str) -> bool:
    """Say whether a line's marker holds for a Python on this platform; a line without marker always applies."""
    marker = requirement(line).marker
    try:
        return marker is None or marker.evaluate({"python_version": python, "python_full_version": f"{python}.99"})
    except UndefinedEnvironmentName:
        return True


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What each library weighs among `total` versions, by how many hold it."""

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
        """Return the weight of one library; what none holds weighs as much as what one holds."""
        return self._known.get(name, self._rarest)

    def sum(self, names: Iterable[str]) -> int:
        """Return the weight of several libraries together."""
        return sum(map(self.of, names))


def jaccard(shared: int, one: int, other: int) -> float:
    """Return the Jaccard index of two weights and what they share; of nothing with nothing it is 1."""
    joint = one + other - shared
    return shared / joint if joint else 1.0


def score(one: Profile, other: Profile, weights: Weights) -> float:
    """Return how alike two versions are, 0 to 1. Before resolution only what is asked for is compared."""
    joint = one.direct & other.direct
    direct = jaccard(weights.sum(joint), weights.sum(one.direct), weights.sum(other.direct))
    if not one.versions or not other.versions:
        return direct
    both = {name for name, version in one.versions.items() if other.versions.get(name) == version}
    held = jaccard(weights.sum(both), weights.sum(one.versions), weights.sum(other.versions))
    return (held + direct) / 2


def missing(need: Profile, held: Profile) -> tuple[str, ...]:
    """Return the names that a need asks for and the other version does not serve, in the order asked.

    A line is served when its library is locked in a version that its specifier takes, and each of its extras
    was asked for there too: a lock does not tell extras.
    """
    unserved = (name_of(line) for line in need.lines if applies(line, need.python) and not serves(held, line))
    return tuple(dict.fromkeys(unserved))


def serves(held: Profile, line: str) -> bool:
    """Say whether a version holds what a line asks for."""
    name = name_of(line)
    version = held.versions.get(name)
    if version is None or not fits(line, version):
        return False
    extras = requirement(line).extras
    return not extras or extras <= extras_of(held.lines, name)


def extras_of(lines: Iterable[str], name: str) -> set[str]:
    """Return the extras with which these lines ask for a library."""
    return {extra for line in lines if name_of(line) == name for extra in requirement(line).extras}


def nearness(key: str, need: Profile, held: Profile, weights: Weights) -> Nearness:
    """Say how a version stands to a need."""
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
    """Return what is joined by pairs, directly or through others: each group sorted, largest group first."""
    leader: dict[str, str] = {}

    def lead(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = key = leader[leader[key]]
        return key

    for one, other in pairs:
        leader[lead(one)] = lead(other)
    found: dict[str, list[str]] = {}
    for key in leader:
        found.setdefault(lead(key), []).append(key)
    return sorted((tuple(sorted(group)) for group in found.values()), key=lambda group: (-len(group), group))
