"""Additions to the sums of usage: one statement adds to a row or makes it, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection

from assay.store.models import UsageSummary, WorkspaceDay

ADD_USE = """
INSERT INTO store_dailyuse (workspace_id, environment_id, version_id, day, kind, size, launches, seconds)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (version_id, day, kind, size) DO UPDATE
SET launches = store_dailyuse.launches + excluded.launches, seconds = store_dailyuse.seconds + excluded.seconds
"""
ADD_PERSON = """
INSERT INTO store_personuse (environment_id, version_id, person_id, last_day) VALUES (%s, %s, %s, %s)
ON CONFLICT (version_id, person_id) DO UPDATE SET last_day = excluded.last_day
WHERE excluded.last_day > store_personuse.last_day
"""
MARK_COUNTED = "UPDATE store_launch SET counted_until = %s, counted = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class UseKey:
    """What a row of `DailyUse` is about."""

    workspace: int
    environment: int
    version: int
    day: date
    kind: str
    size: str


@dataclass(kw_only=True)
class Additions:
    """What a batch of launches adds.

    `uses` are launches and seconds, `people` the last day by environment, version and person, `counted` the time up
    to which each launch is counted, and whether that is all of it.
    """

    uses: dict[UseKey, tuple[int, float]] = field(default_factory=dict)
    people: dict[tuple[int, int, int], date] = field(default_factory=dict)
    counted: list[tuple[int, datetime, bool]] = field(default_factory=list)

    def add(self, key: UseKey, launches: int, seconds: float) -> None:
        """Add launches and seconds of one day."""
        before = self.uses.get(key, (0, 0.0))
        self.uses[key] = (before[0] + launches, before[1] + seconds)

    def see(self, environment: int, version: int, person: int, day: date) -> None:
        """Add a day on which a person launched a version."""
        key = (environment, version, person)
        self.people[key] = max(day, self.people.get(key, day))


def write(additions: Additions) -> None:
    """Add a batch to the sums, and mark what is computed from them as stale. The caller opened a transaction."""
    ops = connection.ops
    uses = [
        (
            one.workspace,
            one.environment,
            one.version,
            ops.adapt_datefield_value(one.day),
            one.kind,
            one.size,
            *amounts,
        )
        for one, amounts in additions.uses.items()
    ]
    people = [(*key, ops.adapt_datefield_value(day)) for key, day in additions.people.items()]
    counted = [(ops.adapt_datetimefield_value(until), done, pk) for pk, until, done in additions.counted]
    with connection.cursor() as cursor:
        for statement, rows in ((ADD_USE, uses), (ADD_PERSON, people), (MARK_COUNTED, counted)):
            if rows:
                cursor.executemany(statement, rows)
    mark_days({(one.workspace, one.day) for one in additions.uses})
    UsageSummary.objects.filter(environment__in={one.environment for one in additions.uses}).update(basis="")


def mark_days(days: Iterable[tuple[int, date]]) -> None:
    """Mark the sums of these days, by workspace, as stale."""
    WorkspaceDay.objects.bulk_create(
        [WorkspaceDay(workspace_id=workspace, day=day, stale=True) for workspace, day in sorted(days)],
        update_conflicts=True,
        unique_fields=["workspace", "day"],
        update_fields=["stale"],
    )
