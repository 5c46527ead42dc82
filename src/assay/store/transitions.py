"""The only place where the status of a version changes, and it records an event with each change."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status
from assay.store.audit_log import record_version
from assay.store.models import Environment, Version


def move(
    version: Version,
    to: Status,
    *,
    event: EventName,
    actor: str,
    detail: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Change the status by compare-and-set on what the caller saw (law 2), and record it (law 3).

    Raises ConflictError when somebody else was faster; then nothing is changed.
    """
    with transaction.atomic():
        touch(version, status=to, **(changes or {}))
        record_version(event, version, actor, **(detail or {}))
        if {Status.PUBLISHED, Status.DEPRECATED, Status.RETIRED} & {to, Status(version.status)}:
            point_to_newest(version.environment)
    version.refresh_from_db()


def touch(version: Version, **changes: Any) -> None:  # noqa: ANN401 - column values
    """Write columns of a version if nobody changed it since it was read. Raises ConflictError."""
    changed = Version.objects.filter(
        pk=version.pk, status=version.status, revision=version.revision, lock=version.lock
    ).update(revision=F("revision") + 1, updated_at=timezone.now(), **changes)
    if not changed:
        raise ConflictError(
            f"{version.reference} was changed by somebody else meanwhile.", hint="Load the page again."
        )


def set_health(version: Version, health: Health, *, event: EventName, actor: str, reason: str) -> None:
    """Change the health of a version and record it."""
    with transaction.atomic():
        touch(version, health=health)
        record_version(event, version, actor, reason=reason)
    version.refresh_from_db()


def point_to_newest(environment: Environment) -> None:
    """Let the environment's `newest` name its newest published version, else its newest deprecated one."""
    newest = None
    for status in (Status.PUBLISHED, Status.DEPRECATED):
        newest = newest or environment.versions.filter(status=status).order_by("-number").first()
    Environment.objects.filter(pk=environment.pk).update(newest=newest, updated_at=timezone.now())
