"""What differs between versions: aligned by normalised name, each library exactly once.

The laws (tests/core/test_diff.py): a version differs from itself in nothing; turning the sides around turns
every change around; what lies between the first side and the last changes no change, and two comparisons in
a row lead where one does; no library of any side is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from packaging.version import InvalidVersion, Version

from assay.core.errors import InvalidInputError
from assay.core.lock import Lock, LockedLibrary

LEAST = Version("0.dev0")
MAX_VERSIONS = 5  # what a person can still read side by side


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
class ComparedVersion:
    """One version to compare. `direct` are the names asked for; `settings` name Python, base and the like.

    By library, where they are known: `licences`, `requirements` (the lines that ask for it), and `installed`,
    its bytes on disk.
    """

    label: str
    lock: Lock
    direct: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One library, with one entry per side.

    `versions` are None where it is absent, `sizes` are file bytes, `installed` bytes on disk (0 where absent
    or not known), `licences`, `requirements`, `indexes` and `files` (SHA-256) '' where there is none.
    """

    name: str
    versions: tuple[str | None, ...]
    change: Change
    step: Step | None
    direct: bool
    via: tuple[str, ...]
    sizes: tuple[int, ...]
    uploaded: str
    licences: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    installed: tuple[int, ...] = ()
    indexes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Say whether any two sides differ, also where first and last agree."""
        return self.change is not Change.SAME or len(set(self.versions)) > 1

    @property
    def growth(self) -> int:
        """Bytes on disk that the last side takes more than the first."""
        return self.installed[-1] - self.installed[0]

    @property
    def licence_changed(self) -> bool:
        """Say whether first and last side both hold it, under licences that are known and differ."""
        before, after = self.licences[0], self.licences[-1]
        return bool(before and after) and before != after

    @property
    def requirement_changed(self) -> bool:
        """Say whether first and last side ask for it differently, or one of them does not ask."""
        return self.requirements[0] != self.requirements[-1]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting and its value on each side."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Effects:
    """What a change does, first side against last: installed bytes `before` and `after`, and the rows that matter.

    `growth` holds those that take more or fewer bytes, the largest difference first.
    """

    before: int
    after: int
    growth: tuple[Row, ...]
    licence_changed: tuple[Row, ...]
    requirement_changed: tuple[Row, ...]


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

    @cached_property
    def effects(self) -> Effects:
        """What moving from the first side to the last does."""
        return Effects(
            before=sum(row.installed[0] for row in self.rows),
            after=sum(row.installed[-1] for row in self.rows),
            growth=tuple(
                sorted((row for row in self.rows if row.growth), key=lambda row: (-abs(row.growth), row.name))
            ),
            licence_changed=tuple(row for row in self.rows if row.licence_changed),
            requirement_changed=tuple(row for row in self.rows if row.requirement_changed),
        )

    @property
    def altered(self) -> int:
        """How many libraries are on both sides and differ."""
        return len(self.changed) - self.counts[Change.ADDED] - self.counts[Change.REMOVED]

    @property
    def summary(self) -> str:
        """The whole in a few characters: `+4 \N{MINUS SIGN}1 ~9`."""
        return f"+{self.counts[Change.ADDED]} \N{MINUS SIGN}{self.counts[Change.REMOVED]} ~{self.altered}"


def compare(versions: Sequence[ComparedVersion]) -> Comparison:
    """Compare one to five sides; a change is told of the first against the last. Raises InvalidInputError."""
    if not 1 <= len(versions) <= MAX_VERSIONS:
        raise InvalidInputError(
            f"{len(versions)} versions; 1 to {MAX_VERSIONS} can be compared.",
            hint="Choose fewer.",
            path="versions",
        )
    names = dict.fromkeys(name for compared_version in versions for name in compared_version.lock.by_name)
    chains = [compared_version.lock.why(compared_version.direct) for compared_version in versions]
    rows = sorted((_row(name, versions, chains) for name in names), key=_place)
    return Comparison(
        labels=tuple(compared_version.label for compared_version in versions),
        rows=tuple(rows),
        settings=_settings(versions),
    )


def _place(row: Row) -> tuple[bool, bool, int, str]:
    return row.change is Change.SAME, not row.direct, ORDER[row.change], row.name


def _row(name: str, versions: Sequence[ComparedVersion], chains: list[dict[str, tuple[str, ...]]]) -> Row:
    found = [compared_version.lock.by_name.get(name) for compared_version in versions]
    present = list(zip(versions, found, strict=True))
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
        licences=tuple(compared_version.licences.get(name, "") if one else "" for compared_version, one in present),
        requirements=tuple(compared_version.requirements.get(name, "") for compared_version in versions),
        installed=tuple(compared_version.installed.get(name, 0) if one else 0 for compared_version, one in present),
        indexes=tuple(one.index if one else "" for one in found),
        files=tuple(one.file.sha256 if one else "" for one in found),
    )


@dataclass(frozen=True, kw_only=True)
class UnrequestedChange:
    """A library whose version changed although its line in the spec did not."""

    name: str
    before: str
    after: str


def unrequested_changes(before: Lock, after: Lock, asked: Collection[str]) -> tuple[UnrequestedChange, ...]:
    """Return the libraries of both locks whose version differs, but for those that are `asked` for anew."""
    return tuple(
        UnrequestedChange(name=one.name, before=before.by_name[one.name].version, after=one.version)
        for one in after.libraries
        if one.name in before.by_name and one.name not in asked and before.by_name[one.name].version != one.version
    )


def change_between(before: LockedLibrary | None, after: LockedLibrary | None) -> tuple[Change, Step | None]:
    """Say what happened to one library. Absent on both sides is no change."""
    if before is None or after is None:
        if before is after:
            return Change.SAME, None
        return (Change.ADDED if before is None else Change.REMOVED), None
    if _key(before.version) != _key(after.version):
        upwards = _key(after.version) > _key(before.version)
        return (Change.UPGRADED if upwards else Change.DOWNGRADED), step_of(before.version, after.version)
    if before.index != after.index:
        return Change.MOVED, None
    return (Change.SAME if before.file.sha256 == after.file.sha256 else Change.REBUILT), None


def step_of(before: str, after: str) -> Step | None:
    """Say how far apart two versions are: epoch or first segment, second, anything else; None when they are equal.

    `1.0` and `1.0.0` are equal (PEP 440); what is no version of PEP 440 is compared as text.
    """
    if _key(before) == _key(after):
        return None
    try:
        one, other = Version(before), Version(after)
    except InvalidVersion:
        return Step.PATCH
    if (one.epoch, one.major) != (other.epoch, other.major):
        return Step.MAJOR
    return Step.MINOR if one.minor != other.minor else Step.PATCH


@lru_cache(maxsize=65_536)
def _key(version: str) -> tuple[int, Version | None, str]:
    """Order versions by PEP 440; what is none comes before, by its text."""
    try:
        return 1, Version(version), ""
    except InvalidVersion:
        return 0, None, version


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return versions in PEP 440's order, newest first; of equal ones the text decides."""
    return sorted(versions, key=_sortable, reverse=True)


def release_line(version: str) -> str:
    """Return epoch and first segment, e.g. `2` or `1!2`; what is no version of PEP 440 is a line of its own."""
    parsed = _key(version)[1]
    if parsed is None:
        return version
    return f"{parsed.epoch}!{parsed.major}" if parsed.epoch else str(parsed.major)


def _sortable(version: str) -> tuple[bool, Version, str]:
    parsed = _key(version)[1]
    return parsed is not None, parsed or LEAST, version


def _settings(versions: Sequence[ComparedVersion]) -> tuple[Setting, ...]:
    names = dict.fromkeys(name for compared_version in versions for name in compared_version.settings)
    return tuple(
        Setting(name=name, values=tuple(compared_version.settings.get(name, "") for compared_version in versions))
        for name in names
    )
