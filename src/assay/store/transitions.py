"""Transitions of a version's status; every change goes through here and records an event."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status
from assay.store.active_version import keep_active_valid
from assay.store.audit_log import record_version
from assay.store.models import Environment, Version
from assay.store.sort_columns import write_shown

SHOWN_FIELDS = {"python", "health", "lock", "published_at"}  # of a version, by which the catalogue sorts


def move(
    version: Version,
    to: Status,
    *,
    event: EventName,
    actor: str,
    detail: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Change the status by compare-and-set on the version as the caller read it, and record the event.

    Raises ConflictError, changing nothing, when the version was changed meanwhile. What the environment's name
    stands for follows, except at publication: `flow.maintenance.rollouts` decides who gets the version then.
    """
    with transaction.atomic():
        touch(version, status=to, **(changes or {}))
        record_version(event, version, actor, **(detail or {}))
        if version.status in {Status.PUBLISHED, Status.DEPRECATED, Status.RETIRED}:
            keep_active_valid(version, to)
    version.refresh_from_db()


def touch(version: Version, **changes: Any) -> None:  # noqa: ANN401 - column values
    """Write columns of a version. Raises ConflictError if it was changed since it was read."""
    changed = Version.objects.filter(
        pk=version.pk, status=version.status, revision=version.revision, lock=version.lock
    ).update(revision=F("revision") + 1, updated_at=timezone.now(), **changes)
    if not changed:
        raise ConflictError(
            f"{version.reference} was changed by somebody else meanwhile.", hint="Load the page again."
        )
    if SHOWN_FIELDS & changes.keys():
        write_shown(Environment.objects.filter(pk=version.environment_id))


def set_health(version: Version, health: Health, *, event: EventName, actor: str, reason: str) -> None:
    """Change the health of a version and record it."""
    with transaction.atomic():
        touch(version, health=health)
        record_version(event, version, actor, reason=reason)
    version.refresh_from_db()
