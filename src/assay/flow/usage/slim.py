"""Slimming: a draft of the next version without the direct libraries that nobody imports, resolved first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from django.utils import timezone

from assay.core.comparison.diff import UnrequestedChange, unrequested_changes
from assay.core.errors import ConflictError
from assay.core.lifecycle import Status
from assay.core.lock import Lock
from assay.core.report import Report
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import Spec, name_of
from assay.flow.access import find_version
from assay.flow.compose.draft import CheckedSpec, start_from
from assay.flow.compose.resolve import resolve_checked
from assay.store.models import Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.unused import UnusedLibraries, unused_libraries


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A library that is left out: its line in the spec ('' for one that only others need), bytes, and commands.

    `commands` are those that it puts on the PATH: of a program that is not Python, no import is ever seen.
    """

    name: str
    version: str
    line: str
    size: int
    commands: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Slimming:
    """A slimmer version, resolved. `candidates` could be left out, `dropped` are; `removed` goes with them.

    `kept` are candidates that stay, by choice or because such a one needs them. `added` are imported libraries that
    only a dropped one brings: the draft asks for them. `moved` are other versions that the resolution takes. `size`
    are the installed bytes of the version, `saved` those of what is no longer installed.
    """

    version: Version
    sessions: int
    candidates: tuple[str, ...]
    dropped: tuple[LeftOut, ...]
    kept: tuple[LeftOut, ...]
    removed: tuple[LeftOut, ...]
    added: tuple[str, ...]
    moved: tuple[UnrequestedChange, ...]
    spec: Spec
    lock: Lock
    size: int
    saved: int


def plan_slim(actor: Actor, slug: str, number: int, drop: Collection[str] | None = None) -> Slimming:
    """Plan a version without the direct libraries that were never imported in 90 days, and resolve it.

    `drop` chooses among them; by default all are left out. Raises ConflictError with the reason where nothing can be
    left out, or where one of `drop` is imported by now, and ResolutionError.
    """
    check_right(actor, Right.COMPOSE)
    version = find_version(actor, slug, number)
    if version.lock is None or version.status not in {Status.PUBLISHED, Status.DEPRECATED}:
        raise ConflictError(f"{version.reference} is {version.status}.", hint="Only published versions are slimmed.")
    since = (timezone.now() - PERIOD).date()
    everything = unused_libraries(version, since=since)
    _check(version, everything, drop)
    candidates = everything.unused.direct
    keep = () if drop is None else set(candidates) - set(drop)
    found = unused_libraries(version, since=since, keep=keep) if keep else everything
    if not found.unused.direct:
        raise ConflictError(
            "Nothing is left out.", hint="Choose at least one library that nothing you keep needs.", path="drop"
        )
    if not found.unused.lines and version.base is None:
        raise ConflictError(
            f"Nothing that {version.reference} asks for was imported: no library would be left.",
            hint="Deprecate the version instead, or keep a library.",
        )
    spec = replace(version.parsed_spec, libraries=found.unused.lines, keep=version.reference)
    checked = CheckedSpec(spec=spec, base=version.base, python=version.python, corrections=(), kept=version)
    _, lock = resolve_checked(actor, checked, f"slim:{version.pk}", cached=True)
    return _slimming(version, everything, found, spec, lock)


def _check(version: Version, found: UnusedLibraries, drop: Collection[str] | None) -> None:
    """Raise ConflictError with the reason where a version cannot be slimmed so."""
    reference = version.reference
    if not found.imports.sessions:
        raise ConflictError(
            f"No session of {version.environment.slug} was recorded in 90 days: nothing is known of its imports.",
            hint="Wait for sessions; an administrator switches recording on for the workspace.",
        )
    gone = sorted(set(drop or ()) - set(found.unused.direct))
    if gone:
        raise ConflictError(
            f"{', '.join(gone)}: imported in 90 days, needed, or not a direct library of {reference}.",
            hint="Look at the list again.",
            path="drop",
        )
    if not found.unused.direct:
        raise ConflictError(
            f"Every direct library of {reference} was imported in 90 days, or is needed by one that was.",
            hint="There is nothing to leave out.",
        )


def _slimming(
    version: Version, everything: UnusedLibraries, found: UnusedLibraries, spec: Spec, lock: Lock
) -> Slimming:
    before = Lock.from_dict(version.lock.content if version.lock else {})
    report = Report.from_dict(version.lock.report) if version.lock else None
    commands = {one.name: one.scripts for one in report.libraries} if report else {}
    lines = {name_of(line): line for line in version.parsed_spec.libraries}

    def left_out(name: str) -> LeftOut:
        return LeftOut(
            name=name,
            version=before.by_name[name].version,
            line=lines.get(name, ""),
            size=found.sizes.get(name, 0),
            commands=commands.get(name, ()),
        )

    gone = before.by_name.keys() - lock.by_name.keys()
    return Slimming(
        version=version,
        sessions=everything.imports.sessions,
        candidates=everything.unused.direct,
        dropped=tuple(left_out(name) for name in found.unused.direct),
        kept=tuple(left_out(name) for name in everything.unused.direct if name not in found.unused.direct),
        removed=tuple(left_out(name) for name in sorted(gone - set(found.unused.direct))),
        added=found.unused.added,
        moved=unrequested_changes(before, lock, found.unused.added),
        spec=spec,
        lock=lock,
        size=sum(found.sizes.values()),
        saved=sum(found.sizes.get(name, 0) for name in gone),
    )


def create_slim(
    actor: Actor, slug: str, number: int, drop: Collection[str] | None = None
) -> tuple[Version, Slimming]:
    """Create the draft of a slimmer version, as `plan_slim` resolves it. Raises the same."""
    found = plan_slim(actor, slug, number, drop)
    return start_from(actor, found.version, found.spec), found
