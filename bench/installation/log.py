"""The audit log of an installation: events by day, chained as `store.audit_log` chains them, and notifications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple

from assay.core.events import FIRST, EventName, link
from assay.core.notifications import NOTIFICATION_TYPES, Audience, words_of
from assay.core.roles import Role
from assay.store.audit_log import content
from assay.store.models import Event, Notification, Workspace
from installation.bulk import Table
from installation.people import Member

DAY = 86_400.0  # seconds
NOTIFIED = 30  # days until the end, of which people have notifications; older ones were removed with their accounts
READ = 3  # days after which they have been read


class Happened(NamedTuple):
    """An event to record. `at` is in seconds after the first day; `subject` are the people it is about."""

    at: float
    workspace: int
    actor: str
    name: EventName
    environment: str
    number: int | None
    detail: dict[str, Any]
    subject: tuple[int, ...] = ()


class _Row(NamedTuple):
    """An event with the names that it has in the model."""

    workspace_id: int
    sequence: int
    at: datetime
    actor: str
    name: str
    environment: str
    number: int | None
    detail: dict[str, Any]
    previous: str


class Log:
    """What happened, kept by day until that day is written."""

    def __init__(self, start: datetime, days: int, reviewers: dict[int, list[Member]]) -> None:
        self.days: defaultdict[int, list[Happened]] = defaultdict(list)
        self.count = 0
        self._start, self._last, self._reviewers = start, days, reviewers
        rows = Workspace.objects.values_list("pk", "event_count", "event_head")
        self._chains = {pk: (count, head or FIRST) for pk, count, head in rows}
        names = (
            "workspace",
            "sequence",
            "at",
            "actor",
            "name",
            "environment",
            "number",
            "detail",
            "previous",
            "hash",
        )
        self._events = Table(Event, *names)
        self._notifications = Table(
            Notification,
            *("workspace", "person", "sequence", "event", "environment", "number", "text", "at", "read_at"),
        )

    def add(self, *happened: Happened) -> None:
        """Keep events for the days on which they happened."""
        for one in happened:
            self.days[min(self._last - 1, int(one.at // DAY))].append(one)

    def kept(self) -> int:
        """Return how many events are not written yet."""
        return sum(map(len, self.days.values()))

    def write(self, day: int) -> None:
        """Write the events of a day in the order in which they happened."""
        events = sorted(self.days.pop(day, ()), key=itemgetter(0))
        notices: list[tuple[Any, ...]] = []
        self._events.write(self._chained(events, notices if day >= self._last - NOTIFIED else None))
        self._notifications.write(notices)
        self.count += len(events)

    def close(self) -> None:
        """Store the ends of the chains; everybody has been notified of everything."""
        for pk, (count, head) in self._chains.items():
            Workspace.objects.filter(pk=pk).update(event_count=count, event_head=head, notified_up_to=count)

    def _chained(self, events: list[Happened], notices: list[tuple[Any, ...]] | None) -> Iterator[tuple[Any, ...]]:
        for one in events:
            count, head = self._chains[one.workspace]
            at = self._start + timedelta(seconds=one.at)
            row = _Row(
                one.workspace, count + 1, at, one.actor, one.name, one.environment, one.number, one.detail, head
            )
            head = link(head, content(row))
            self._chains[one.workspace] = (count + 1, head)
            if notices is not None and one.subject and one.name in NOTIFICATION_TYPES:
                notices += self._notices(one, row)
            yield (*row, head)

    def _notices(self, one: Happened, row: _Row) -> Iterator[tuple[Any, ...]]:
        """Yield the notifications of an event: to its author and owner, or to the reviewers of its workspace."""
        reference = f"{one.environment}@{one.number}"
        words = words_of(one.name, actor=one.actor, reference=reference, detail=one.detail)
        audience = NOTIFICATION_TYPES[one.name].audience
        people = set(one.subject) if Audience.AUTHOR in audience else set()
        if Audience.REVIEWERS in audience:
            people |= {person.pk for person in self._reviewers[one.workspace] if person.name != one.actor}
        read = row.at + timedelta(hours=5) if one.at < (self._last - READ) * DAY else None
        for person in sorted(people):
            yield (one.workspace, person, row.sequence, one.name, one.environment, one.number, words, row.at, read)


def reviewers_of(people: dict[int, list[Member]]) -> dict[int, list[Member]]:
    """Return the reviewers and administrators of each workspace."""
    able = {Role.REVIEWER, Role.ADMIN}
    return {pk: [one for one in members if one.role in able] for pk, members in people.items()}
