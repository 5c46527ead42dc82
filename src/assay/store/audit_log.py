"""The audit log: append events, each chained by hash to the one before it, and verify the chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from assay.core.events import FIRST, EventName, link
from assay.store.models import Event, Version, Workspace


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event to record. `environment` is '' and `number` None for an event of neither."""

    name: EventName
    environment: str = ""
    number: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def record(
    name: EventName,
    *,
    workspace_id: int,
    actor: str,
    environment: str = "",
    number: int | None = None,
    detail: dict[str, Any] | None = None,
) -> Event:
    """Append an event in the caller's transaction, so that it is stored only together with the change."""
    entry = Entry(name=name, environment=environment, number=number, detail=detail or {})
    return record_many([entry], workspace_id=workspace_id, actor=actor)[0]


def record_many(entries: list[Entry], *, workspace_id: int, actor: str) -> list[Event]:
    """Append events in order, each chained to the one before it, in the caller's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An event must be recorded in the transaction of its change.")
    chains = Workspace.objects.select_for_update().values_list("event_count", "event_head")
    count, head = chains.get(pk=workspace_id)
    now, head, events = timezone.now(), head or FIRST, []
    for sequence, entry in enumerate(entries, start=count + 1):
        event = Event(workspace_id=workspace_id, sequence=sequence, at=now, actor=actor, previous=head, **vars(entry))
        event.hash = head = link(head, content(event))
        events.append(event)
    Event.objects.bulk_create(events, batch_size=200)
    Workspace.objects.filter(pk=workspace_id).update(event_count=count + len(events), event_head=head)
    return events


def record_version(name: EventName, version: Version, actor: str, **detail: object) -> Event:
    """Append an event of a version."""
    return record(
        name,
        workspace_id=version.environment.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail=detail,
    )


def verify(workspace: Workspace) -> int | None:
    """Verify the chain; return the sequence of the first event that does not match, None when all match."""
    previous, expected = FIRST, 1
    for event in Event.objects.filter(workspace=workspace).order_by("sequence").iterator():
        fits = event.sequence == expected and event.previous == previous
        if not fits or event.hash != link(previous, content(event)):
            return expected
        previous, expected = event.hash, expected + 1
    return None if expected == workspace.event_count + 1 else expected


def content(event: Event) -> dict[str, Any]:
    """Return what the hash of an event is about: everything that is stored of it."""
    at: datetime = event.at
    return {
        "workspace": event.workspace_id,
        "sequence": event.sequence,
        "at": at.isoformat(),
        "actor": event.actor,
        "name": str(event.name),
        "environment": event.environment,
        "number": event.number,
        "detail": event.detail,
    }
