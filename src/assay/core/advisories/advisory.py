"""Known vulnerabilities and malware (OSV records), and the installed versions that they affect.

Ranges are evaluated as the OSV schema defines (section "Evaluation"): events are sorted by version, and the
last event at or below a version decides. A version with a local label, e.g. `2.0+cu118`, is matched by its
public part, since advisories name the versions that upstream published.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from packaging.version import InvalidVersion, Version

BEGINNING = "0"  # `introduced: "0"` means: before every version


class Severity(StrEnum):
    """The qualitative severity ratings of CVSS; `unknown` when the record gives none."""

    UNKNOWN = "unknown"
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITY_RANK = {word: rank for rank, word in enumerate(Severity)}


def severity_of(score: float | None) -> Severity:
    """Return the rating of a CVSS score (0 to 10), by the table of CVSS 3.1, section 5."""
    if score is None:
        return Severity.UNKNOWN
    bounds = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
    return next((word for least, word in bounds if score >= least), Severity.NONE)


class EventType(StrEnum):
    """The type of a range event: what holds for the versions from this event on."""

    INTRODUCED = "introduced"
    FIXED = "fixed"
    LAST_AFFECTED = "last_affected"
    LIMIT = "limit"


@dataclass(frozen=True, kw_only=True)
class Affected:
    """One affected library of a record: ranges of (event type, version), and versions listed one by one."""

    library: str
    ranges: tuple[tuple[tuple[EventType, str], ...], ...] = ()
    versions: frozenset[str] = frozenset()

    def covers(self, version: str) -> bool:
        """Return whether the version is affected."""
        public = public_version(version)
        if public is None:
            return version in self.versions
        if version in self.versions or public in self._exact:
            return True
        return any(_in_range(public, one) for one in self._ordered)

    @cached_property
    def _exact(self) -> frozenset[Version]:
        return frozenset(found for one in self.versions if (found := public_version(one)) is not None)

    @cached_property
    def _ordered(self) -> tuple[tuple[tuple[EventType, Version | None], ...], ...]:
        return tuple(_in_order(one) for one in self.ranges)

    @cached_property
    def fixes(self) -> tuple[tuple[Version, str], ...]:
        """The versions that end a range, ascending, each with its spelling in the record."""
        found = {
            (parsed, text)
            for events in self.ranges
            for event_type, text in events
            if event_type is EventType.FIXED and (parsed := public_version(text)) is not None
        }
        return tuple(sorted(found))


@cache
def public_version(text: str) -> Version | None:
    """Return the version without its local label, None when it is not valid under PEP 440."""
    try:
        return Version(Version(text).public)
    except InvalidVersion:
        return None


def _in_order(events: tuple[tuple[EventType, str], ...]) -> tuple[tuple[EventType, Version | None], ...]:
    """Return the events sorted by version; None means before every version, possible for `introduced` only.

    `fixed` and `introduced` at one version cancel out: one range ends where the next begins.
    """
    parsed = {
        (event_type, None if text == BEGINNING and event_type is EventType.INTRODUCED else Version(text))
        for event_type, text in events
    }
    both = {at for event_type, at in parsed if event_type is EventType.FIXED} & {
        at for event_type, at in parsed if event_type is EventType.INTRODUCED
    }
    kept = (one for one in parsed if one[1] not in both or one[0] not in {EventType.FIXED, EventType.INTRODUCED})
    return tuple(sorted(kept, key=lambda one: (one[1] is not None, one[1] or Version("0"), one[0])))


def _in_range(version: Version, events: tuple[tuple[EventType, Version | None], ...]) -> bool:
    limits = [at for event_type, at in events if event_type is EventType.LIMIT and at is not None]
    if limits and not any(version < at for at in limits):
        return False
    affected = False
    for event_type, at in events:
        if at is None or (event_type is EventType.INTRODUCED and version >= at):
            affected = True
        elif (event_type is EventType.FIXED and version >= at) or (
            event_type is EventType.LAST_AFFECTED and version > at
        ):
            affected = False
    return affected


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """One OSV record. Times are ISO 8601 or ''; `score` is CVSS (0 to 10), None when the record has none."""

    id: str
    aliases: tuple[str, ...] = ()
    affected: tuple[Affected, ...] = ()
    summary: str = ""
    severity: Severity = Severity.UNKNOWN
    score: float | None = None
    published: str = ""
    modified: str = ""
    withdrawn: str = ""

    @property
    def is_malware(self) -> bool:
        """Return whether the record reports malware, by its identifier (OSV: `MAL-`)."""
        return self.id.startswith("MAL-")

    @property
    def names(self) -> frozenset[str]:
        """The record's identifier and its aliases."""
        return frozenset((self.id, *self.aliases))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Advisory.from_dict` reads them back."""
        affected = [
            {
                "library": one.library,
                "ranges": [[[str(event_type), text] for event_type, text in events] for events in one.ranges],
                "versions": sorted(one.versions),
            }
            for one in self.affected
        ]
        return {**vars(self), "aliases": list(self.aliases), "affected": affected, "severity": str(self.severity)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Advisory:
        """Read what `to_dict` wrote."""
        affected = tuple(
            Affected(
                library=one["library"],
                ranges=tuple(
                    tuple((EventType(event_type), text) for event_type, text in events) for events in one["ranges"]
                ),
                versions=frozenset(one["versions"]),
            )
            for one in stored["affected"]
        )
        known = {**stored, "aliases": tuple(stored["aliases"]), "severity": Severity(stored["severity"])}
        return cls(**{**known, "affected": affected})


@dataclass(frozen=True, kw_only=True)
class Match:
    """One known problem of one installed version; all records of the same problem form one match.

    `fixed` is the lowest version above the installed one that fixes it, '' when no record names one.
    """

    library: str
    version: str
    id: str
    aliases: tuple[str, ...]
    severity: Severity
    score: float | None
    fixed: str
    malware: bool
    summary: str = ""
    published: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The problem's identifier and its aliases."""
        return frozenset((self.id, *self.aliases))


class AdvisoryIndex:
    """All records of a feed by library. Results are cached, since many locks pin the same versions."""

    def __init__(self, advisories: Iterable[Advisory]) -> None:
        self._by_library: dict[str, list[tuple[Advisory, Affected]]] = {}
        for advisory in advisories:
            if not advisory.withdrawn:
                for one in advisory.affected:
                    self._by_library.setdefault(one.library, []).append((advisory, one))
        self._matches: dict[tuple[str, str], tuple[Match, ...]] = {}

    def matches(self, library: str, version: str) -> tuple[Match, ...]:
        """Return the known problems of one installed library, worst first. `library` is normalised."""
        if library not in self._by_library:
            return ()
        key = (library, version)
        if key not in self._matches:
            self._matches[key] = self._find(library, version)
        return self._matches[key]

    def _find(self, library: str, version: str) -> tuple[Match, ...]:
        found = [pair for pair in self._by_library[library] if pair[1].covers(version)]
        matches = [_match(library, version, group, self._by_library[library]) for group in _groups(found)]
        return tuple(sorted(matches, key=lambda one: (-SEVERITY_RANK[one.severity], one.id)))

    def clears(self, library: str, version: str, matches: Iterable[Match]) -> bool:
        """Return whether a version has none of these problems."""
        wanted = frozenset().union(*(one.names for one in matches))
        return not any(one.names & wanted for one in self.matches(library, version))

    def fixes(self, library: str) -> tuple[str, ...]:
        """Return every version that a record of the library names as fixed, ascending."""
        found = {fix for _, one in self._by_library.get(library, ()) for fix in one.fixes}
        return tuple(text for _, text in sorted(found))


def _groups(found: list[tuple[Advisory, Affected]]) -> list[list[tuple[Advisory, Affected]]]:
    """Group the records that share an identifier, directly or through other records."""
    groups: list[tuple[set[str], list[tuple[Advisory, Affected]]]] = []
    for pair in found:
        names, members = set(pair[0].names), [pair]
        apart = []
        for group in groups:
            if group[0] & names:
                names |= group[0]
                members = group[1] + members
            else:
                apart.append(group)
        groups = [*apart, (names, members)]
    return [members for _, members in groups]


def _match(
    library: str,
    version: str,
    group: list[tuple[Advisory, Affected]],
    known: list[tuple[Advisory, Affected]],
) -> Match:
    records = sorted({pair[0].id: pair[0] for pair in group}.values(), key=lambda one: _preference(one.id))
    worst = max(records, key=lambda one: (SEVERITY_RANK[one.severity], one.score or 0.0))
    names = frozenset().union(*(one.names for one in records))
    same = [affected for advisory, affected in known if advisory.names & names]
    return Match(
        library=library,
        version=version,
        id=records[0].id,
        aliases=tuple(sorted(names - {records[0].id}, key=_preference)),
        severity=worst.severity,
        score=worst.score,
        fixed=_smallest_fix(version, same),
        malware=any(one.is_malware for one in records),
        summary=next((one.summary for one in records if one.summary), ""),
        published=min((one.published for one in records if one.published), default=""),
    )


def _smallest_fix(version: str, same: list[Affected]) -> str:
    """Return the lowest fixed version above `version` that none of the records affects."""
    here = public_version(version)
    fixes = sorted({fix for one in same for fix in one.fixes})
    above = (text for at, text in fixes if here is None or at > here)
    return next((text for text in above if not any(one.covers(text) for one in same)), "")


def _preference(name: str) -> tuple[int, str]:
    """Return a sort key for identifiers: malware, then the ecosystem's own, GitHub's, CVE, then all others."""
    order = ("MAL-", "PYSEC-", "GHSA-", "CVE-")
    rank = next((number for number, start in enumerate(order) if name.startswith(start)), len(order))
    return rank, name
