"""What still runs in a quarantined version: until when it may go on."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import Health
from assay.store.models import Event, Version


def ends_at(version: Version) -> datetime | None:
    """Return when what runs in a version is ended; None unless a rule has quarantined it.

    An administrator's own quarantine ends nothing that runs: whoever decides it decides that as well.
    """
    if version.health != Health.QUARANTINED:
        return None
    event = last_quarantine(version)
    detail = event.detail if event else {}
    return datetime.fromisoformat(detail["ends"]) if "ends" in detail else None


def last_quarantine(version: Version) -> Event | None:
    """Return the event that last quarantined a version, None where nothing ever did."""
    environment = version.environment
    quarantined = Event.objects.filter(
        workspace_id=environment.workspace_id,
        environment=environment.slug,
        number=version.number,
        name=EventName.VERSION_QUARANTINED,
    )
    return quarantined.order_by("-sequence").first()


def why_over(version: Version) -> str:
    """Say why what runs in a version must end now; '' when it may go on."""
    ends = ends_at(version)
    over = ends is not None and ends <= timezone.now()
    return f"{version.reference} is quarantined; what ran in it is stopped." if over else ""
