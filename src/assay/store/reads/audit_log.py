"""Rows of the audit log, of a version or of the workspace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Subquery

from assay.core.events import EventName
from assay.core.roles import Actor, Right
from assay.store.models import Event
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order

# Events are added one after another, so that their ids ascend with their numbers and times.
ORDERS: Columns = {"sequence": F("pk"), "at": F("pk"), **{name: F(name) for name in ("actor", "name", "environment")}}
OF_VERSION = 500  # events that the history of a version shows; the audit log has all
SEARCHED = 100_000  # events, the last ones, in which a part of a name is looked for

PUBLIC = (
    EventName.VERSION_PUBLISHED,
    EventName.VERSION_DEPRECATED,
    EventName.VERSION_RESTORED,
    EventName.VERSION_RETIRED,
    EventName.VERSION_QUARANTINED,
)


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One event as pages and API show it."""

    sequence: int
    at: datetime
    actor: str
    name: str
    environment: str
    version: int | None
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True, kw_only=True)
class EventFilters:
    """Filters of the audit log; '' is no filter.

    Each is a whole name, or else a part of one, which is looked for among the last `SEARCHED` events.
    """

    environment: str = ""
    actor: str = ""
    name: str = ""


def list_events(actor: Actor, *, limit: int, before: int | None = None, environment: str = "") -> list[EventRow]:
    """Return the workspace's events, newest first: all for administrators, else public and the actor's own ones."""
    events = _visible(actor, EventFilters())
    if environment:
        events = events.filter(environment=environment)
    if before is not None:
        events = events.filter(sequence__lt=before)
    return _rows(events.order_by("-sequence")[:limit])


def event_rows(actor: Actor, filters: EventFilters, order: Order, limit: int, cursor: str = "") -> Page[EventRow]:
    """Return a page of the events that the actor may see and that match, newest first unless sorted by a column."""
    events, by = _visible(actor, filters), order.within(ORDERS, "-sequence")
    page = read_page(events, ORDERS, by, limit=limit, cursor=cursor)
    return page.with_rows(_rows(page.rows))


def _visible(actor: Actor, filters: EventFilters) -> QuerySet[Event]:
    events = Event.objects.filter(workspace_id=actor.workspace_id)
    if not actor.has(Right.ADMINISTER):
        events = events.filter(Q(actor=actor.name) | Q(name__in=PUBLIC))
    for name, wanted in asdict(filters).items():
        if wanted:
            exact = events.filter(**{name: wanted})
            events = exact if exact.exists() else _among_last(events, actor).filter(**{f"{name}__icontains": wanted})
    return events


def _among_last(events: QuerySet[Event], actor: Actor) -> QuerySet[Event]:
    head = Event.objects.filter(workspace_id=actor.workspace_id).order_by("-sequence").values("sequence")[:1]
    return events.filter(sequence__gt=Subquery(head) - SEARCHED)


def version_events(workspace_id: int, environment: str, number: int) -> list[EventRow]:
    """Return the last events of one version, oldest first. Everybody who sees the version may see them."""
    events = Event.objects.filter(workspace_id=workspace_id, environment=environment, number=number)
    return _rows(events.order_by("-sequence")[:OF_VERSION])[::-1]


def _rows(events: Iterable[Event]) -> list[EventRow]:
    return [
        EventRow(
            sequence=event.sequence,
            at=event.at,
            actor=event.actor,
            name=event.name,
            environment=event.environment,
            version=event.number,
            detail=event.detail,
            hash=event.hash,
        )
        for event in events
    ]
