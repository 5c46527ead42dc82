"""The differences between versions, aligned by normalised name; each library appears exactly once.

Invariants (tests/core/comparison/test_diff.py): a version has no differences from itself; swapping the first and
the last version inverts every change; versions between them affect no change, and two comparisons in a row give
the same result as one; no library of any version is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

from packaging.version import InvalidVersion, Version

from assay.core.errors import InvalidInputError
from assay.core.licences.names import differ
from assay.core.lock import Lock, LockedLibrary

LEAST = Version("0.dev0")
MAX_VERSIONS = 5  # the most columns that fit on a page


class Change(StrEnum):
    """The change of a library between the first version compared and the last."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    REBUILT = "rebuilt"
    MOVED = "moved"
    SAME = "same"


class Step(StrEnum):
    """The size of a version change (PEP 440 release segments)."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"


ORDER = {change: rank for rank, change in enumerate(Change)}


@dataclass(frozen=True, kw_only=True)
class ComparedVersion:
    """One version to compare. `direct` are the names in its spec; `settings` are Python, base and the like.

    By library, where known: `licences`, `requirements` (its line in the spec), and `installed` (bytes on disk).
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
    """One library, with one entry per version compared.

    `versions` are None where it is absent, `sizes` are file bytes, `installed` bytes on disk (0 where absent
    or unknown), `licences`, `requirements`, `indexes` and `files` (SHA-256) '' where there is none.
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
        """Return whether any two versions differ, even when the first and the last are equal."""
        return self.change is not Change.SAME or len(set(self.versions)) > 1

    @property
    def growth(self) -> int:
        """The difference in bytes on disk: last version minus first."""
        return self.installed[-1] - self.installed[0]

    @property
    def licence_changed(self) -> bool:
        """Return whether first and last version both contain it, under licences that differ."""
        return differ(self.licences[0], self.licences[-1])

    @property
    def requirement_changed(self) -> bool:
        """Return whether its line in the spec differs between first and last version, or only one has such a line."""
        return self.requirements[0] != self.requirements[-1]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting and its value in each version."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Effects:
    """The effects of moving from the first version to the last: installed bytes `before` and `after`, and rows.

    `growth` are the rows whose installed size differs, the largest difference first.
    """

    before: int
    after: int
    growth: tuple[Row, ...]
    licence_changed: tuple[Row, ...]
    requirement_changed: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All rows: changed before unchanged, direct before transitive, then by change and name."""

    labels: tuple[str, ...]
    rows: tuple[Row, ...]
    settings: tuple[Setting, ...]

    @cached_property
    def counts(self) -> dict[Change, int]:
        """The number of libraries by change."""
        counted = Counter(row.change for row in self.rows)
        return {change: counted[change] for change in Change}

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rows that differ between first and last version."""
        return tuple(row for row in self.rows if row.change is not Change.SAME)

    @cached_property
    def effects(self) -> Effects:
        """The effects of moving from the first version to the last."""
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
        """The number of libraries that are in both first and last version and differ."""
        return len(self.changed) - self.counts[Change.ADDED] - self.counts[Change.REMOVED]

    @property
    def summary(self) -> str:
        """The counts added, removed and altered: `+4 \N{MINUS SIGN}1 ~9`."""
        return f"+{self.counts[Change.ADDED]} \N{MINUS SIGN}{self.counts[Change.REMOVED]} ~{self.altered}"


def compare(versions: Sequence[ComparedVersion]) -> Comparison:
    """Compare one to five versions; changes are from the first to the last. Raises InvalidInputError."""
    if not 1 <= len(versions) <= MAX_VERSIONS:
        raise InvalidInputError(
            f"{len(versions)} versions; 1 to {MAX_VERSIONS} can be compared.",
            hint="Choose fewer.",
            path="versions",
        )
    names = dict.fromkeys(name for compared_version in versions for name in compared_version.lock.by_name)
    chains = [compared_version.lock.why(compared_version.direct) for compared_version in versions]
    rows = sorted((_row(name, versions, chains) for name in names), key=_sort_key)
    return Comparison(
        labels=tuple(compared_version.label for compared_version in versions),
        rows=tuple(rows),
        settings=_settings(versions),
    )


def _sort_key(row: Row) -> tuple[bool, bool, int, str]:
    return row.change is Change.SAME, not row.direct, ORDER[row.change], row.name


def _row(name: str, versions: Sequence[ComparedVersion], chains: list[dict[str, tuple[str, ...]]]) -> Row:
    found = [compared_version.lock.by_name.get(name) for compared_version in versions]
    present = list(zip(versions, found, strict=True))
    last, holder = [(position, one) for position, one in enumerate(found) if one][-1]
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
        uploaded=holder.file.uploaded,
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


def unrequested_changes(before: Lock, after: Lock, requested: Collection[str]) -> tuple[UnrequestedChange, ...]:
    """Return the libraries in both locks whose version differs, except those `requested` in the new spec."""
    return tuple(
        UnrequestedChange(name=one.name, before=before.by_name[one.name].version, after=one.version)
        for one in after.libraries
        if one.name in before.by_name
        and one.name not in requested
        and before.by_name[one.name].version != one.version
    )


def change_between(before: LockedLibrary | None, after: LockedLibrary | None) -> tuple[Change, Step | None]:
    """Return the change of one library. Absent in both is no change."""
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
    """Return the largest segment that differs: epoch or first (major), second (minor), any other (patch).

    None when they are equal, as `1.0` and `1.0.0` are (PEP 440); a version outside PEP 440 is compared as text.
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
    """Return a sort key: versions outside PEP 440 first, by text, then the others by PEP 440."""
    try:
        return 1, Version(version), ""
    except InvalidVersion:
        return 0, None, version


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return versions in PEP 440 order, newest first; equal ones by text."""
    return sorted(versions, key=_sortable, reverse=True)


def release_line(version: str) -> str:
    """Return epoch and first segment, e.g. `2` or `1!2`; a version outside PEP 440 is its own release line."""
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
