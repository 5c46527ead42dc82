"""Servers and runs of a version that was quarantined or retired: how long they may keep running."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import Health, Status
from assay.store.models import Event, Version


def ends_at(version: Version) -> datetime | None:
    """Return when the servers and runs of a version are stopped, None for never.

    They are stopped when it is retired or a rule has quarantined it. What an administrator quarantines stops nothing
    that runs; they decide about that separately.
    """
    if version.health == Health.QUARANTINED:
        event = last_quarantine(version)
    elif version.status == Status.RETIRED:
        event = _last(version, EventName.VERSION_RETIRED)
    else:
        return None
    detail = event.detail if event else {}
    return datetime.fromisoformat(detail["ends"]) if "ends" in detail else None


def last_quarantine(version: Version) -> Event | None:
    """Return the last event that quarantined a version, None for no such event."""
    return _last(version, EventName.VERSION_QUARANTINED)


def _last(version: Version, name: EventName) -> Event | None:
    environment = version.environment
    found = Event.objects.filter(
        workspace_id=environment.workspace_id,
        environment=environment.slug,
        number=version.number,
        name=name,
    )
    return found.order_by("-sequence").first()


def stop_reason(version: Version) -> str:
    """Return why servers and runs of a version must stop now, '' when they may continue."""
    ends = ends_at(version)
    over = ends is not None and ends <= timezone.now()
    word = "quarantined" if version.health == Health.QUARANTINED else "retired"
    return f"{version.reference} is {word}; what ran in it is stopped." if over else ""
