"""Servers and runs of a quarantined version: how long they may keep running."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import Health
from assay.store.models import Event, Version


def ends_at(version: Version) -> datetime | None:
    """Return when the servers and runs of a version are stopped; None unless a policy rule quarantined it.

    A quarantine by an administrator stops nothing that runs; the administrator decides about that separately.
    """
    if version.health != Health.QUARANTINED:
        return None
    event = last_quarantine(version)
    detail = event.detail if event else {}
    return datetime.fromisoformat(detail["ends"]) if "ends" in detail else None


def last_quarantine(version: Version) -> Event | None:
    """Return the last event that quarantined a version, None for no such event."""
    environment = version.environment
    quarantined = Event.objects.filter(
        workspace_id=environment.workspace_id,
        environment=environment.slug,
        number=version.number,
        name=EventName.VERSION_QUARANTINED,
    )
    return quarantined.order_by("-sequence").first()


def stop_reason(version: Version) -> str:
    """Return why servers and runs of a version must stop now, '' when they may continue."""
    ends = ends_at(version)
    over = ends is not None and ends <= timezone.now()
    return f"{version.reference} is quarantined; what ran in it is stopped." if over else ""
