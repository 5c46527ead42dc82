"""What differs between versions: aligned by normalised name, each library exactly once.

The laws (tests/core/test_words.py): a version differs from itself in nothing; turning the sides around
turns every change around; no library of any side is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from packaging.version import InvalidVersion, Version

from assay.core.errors import InvalidInputError
from assay.core.lock import Lock, LockedLibrary

MOST_SIDES = 5  # what a person can still read side by side


class Change(StrEnum):
    """What happened to a library between the first side and the last."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REBUILT = "rebuilt"
    MOVED = "moved"
    SAME = "same"


class Step(StrEnum):
    """How far a version moved (PEP 440 release segments)."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


ORDER = {change: rank for rank, change in enumerate(Change)}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One version to compare. `direct` are the names asked for; `settings` name Python, base and the like."""

    label: str
    lock: Lock
    direct: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One library. `versions` has one entry per side, None where it is absent; `sizes` are file bytes."""

    name: str
    versions: tuple[str | None, ...]
    change: Change
    step: Step | None
    direct: bool
    via: tuple[str, ...]
    sizes: tuple[int, ...]
    uploaded: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting and its value on each side."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All rows: what differs first, direct ones before others, then by change and name."""

    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    settings: tuple[Setting, ...]

    @cached_property
    def counts(self) -> dict[Change, int]:
        """How many libraries each change concerns."""
        counted = Counter(row.change for row in self.rows)
        return {change: counted[change] for change in Change}

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.change is not Change.SAME)

    @property
    def altered(self) -> int:
        """How many libraries are on both sides and differ."""
        return len(self.changed) - self.counts[Change.ADDED] - self.counts[Change.REMOVED]

    @property
    def summary(self) -> str:
        """The whole in a few characters: `+4 \N{MINUS SIGN}1 ~9`."""
        return f"+{self.counts[Change.ADDED]} \N{MINUS SIGN}{self.counts[Change.REMOVED]} ~{self.altered}"


def compare(sides: Sequence[Side]) -> Comparison:
    """Compare one to five sides; a change is told of the first against the last. Raises InvalidInputError."""
    if not 1 <= len(sides) <= MOST_SIDES:
        raise InvalidInputError(
            f"{len(sides)} versions; 1 to {MOST_SIDES} can be compared.",
            hint="Choose fewer.",
            path="versions",
        )
    names = dict.fromkeys(name for side in sides for name in side.lock.by_name)
    chains = [side.lock.why(side.direct) for side in sides]
    rows = sorted((_row(name, sides, chains) for name in names), key=_place)
    return Comparison(labels=tuple(side.label for side in sides), rows=tuple(rows), settings=_settings(sides))


def _place(row: Row) -> tuple[bool, bool, int, str]:
    return row.change is Change.SAME, not row.direct, ORDER[row.change], row.name


def _row(name: str, sides: Sequence[Side], chains: list[dict[str, tuple[str, ...]]]) -> Row:
    found = [side.lock.by_name.get(name) for side in sides]
    last = max(position for position, one in enumerate(found) if one)
    holder = found[last]
    via = chains[last].get(name, ())
    change, step = change_between(found[0], found[-1])
    return Row(
        name=name,
        versions=tuple(one.version if one else None for one in found),
        change=change,
        step=step,
        direct=name in chains[last] and not via,
        via=via,
        sizes=tuple(one.file.size if one else 0 for one in found),
        uploaded=holder.file.uploaded if holder else "",
    )


def change_between(before: LockedLibrary | None, after: LockedLibrary | None) -> tuple[Change, Step | None]:
    """Say what happened to one library. Absent on both sides is no change."""
    if before is None or after is None:
        if before is after:
            return Change.SAME, None
        return (Change.ADDED if before is None else Change.REMOVED), None
    if before.version != after.version:
        upwards = _key(after.version) > _key(before.version)
        return (Change.UPGRADED if upwards else Change.DOWNGRADED), step_of(before.version, after.version)
    if before.index != after.index:
        return Change.MOVED, None
    return (Change.SAME if before.file.sha256 == after.file.sha256 else Change.REBUILT), None


def step_of(before: str, after: str) -> Step:
    """Say how far apart two different versions are: epoch or first segment, second, anything else."""
    try:
        one, other = Version(before), Version(after)
    except InvalidVersion:
        return Step.PATCH
    if (one.epoch, one.major) != (other.epoch, other.major):
        return Step.MAJOR
    return Step.MINOR if one.minor != other.minor else Step.PATCH


def _key(version: str) -> tuple[int, Version | None, str]:
    """Order versions by PEP 440; what is none comes before, by its text."""
    try:
        return 1, Version(version), version
    except InvalidVersion:
        return 0, None, version


def _settings(sides: Sequence[Side]) -> tuple[Setting, ...]:
    names = dict.fromkeys(name for side in sides for name in side.settings)
    return tuple(Setting(name=name, values=tuple(side.settings.get(name, "") for side in sides)) for name in names)
