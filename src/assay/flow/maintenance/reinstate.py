"""Reinstate a retired version: at once while its files are there, else by rebuilding them from its lock."""

from __future__ import annotations

from django.db import transaction

from assay.core.errors import ConflictError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Action, Health, Status, decide
from assay.core.roles import Actor
from assay.engine.leases import guard
from assay.flow.access import find_version, version_state
from assay.flow.build.build import request_repair
from assay.flow.maintenance.impact import check_impact, named_successor
from assay.flow.paths import engine_paths, prefix
from assay.store.models import Build, Event, Lock, Version
from assay.store.transitions import move, set_health

REMOVED = {
    "clean": False,
    "changed": [],
    "missing": ["all files (removed after the version was retired)"],
    "added": [],
}
DEPRECATIONS = (EventName.VERSION_DEPRECATED, EventName.VERSION_DEPRECATION_CHANGED)


def files_present(version: Version) -> bool:
    """Return whether the files of a version are still there, so that it can be launched without a rebuild."""
    return bool(version.digest) and prefix(version.digest).is_dir()


def reinstate(actor: Actor, slug: str, number: int, *, impact: str | None = None) -> tuple[Version, Build | None]:
    """Make a retired version deprecated again, without an end, and return it with the rebuild of its files, if any.

    Garbage collection waits meanwhile. Removed files count as changed ones: until its lock is built again and the
    result verified, the version cannot be launched. Raises ConflictError for a version that is not retired.
    """
    with guard(engine_paths()), transaction.atomic():
        version = find_version(actor, slug, number)
        decide(Action.REINSTATE, version_state(version), actor)
        if version.lock is None:
            raise ConflictError("It was never built.", hint="Create a new version.")
        check_impact(version, named_successor(actor, version), impact)
        removed = not files_present(version)
        if removed:
            Lock.objects.filter(pk=version.lock.pk).update(drift=REMOVED)
        move(
            version,
            Status.DEPRECATED,
            event=EventName.VERSION_REINSTATED,
            actor=actor.name,
            detail={"rebuilt": removed},
            changes={"reason": _reason(version), "ends_at": None, "end_reminded": None},
        )
        build = _rebuild(actor, version) if removed else None
    return find_version(actor, slug, number), build


def _reason(version: Version) -> str:
    """Return why the version was deprecated before it was retired: the reason of the last event that said so."""
    environment = version.environment
    events = Event.objects.filter(
        workspace_id=environment.workspace_id,
        environment=environment.slug,
        number=version.number,
        name__in=DEPRECATIONS,
    )
    last = events.order_by("-sequence").first()
    return str(last.detail.get("reason", "")) if last else version.reason


def _rebuild(actor: Actor, version: Version) -> Build:
    """Record that the files are gone, as a verification would, and queue their rebuild; another one clears it."""
    health = Health.QUARANTINED if version.health == Health.QUARANTINED else Health.ATTENTION
    set_health(version, health, event=EventName.VERSION_DRIFTED, actor=AUTOMATIC, reason="its files were removed")
    return request_repair(actor, version.environment.slug, version.number)
