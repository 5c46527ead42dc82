"""The use of each of the last days: of a workspace, or of one environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, Sum

from assay.core.usage import PROJECTS, first_day
from assay.store.models import DailyPeople, DailyUse, WorkspaceDay

Numbers = tuple[int, int, int, float]


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day (UTC): people who launched anything, launches, those by projects, and the time that launches ran."""

    day: date
    people: int = 0
    launches: int = 0
    runs: int = 0
    seconds: float = 0.0

    @property
    def hours(self) -> float:
        """The time in hours."""
        return self.seconds / 3600


def days_of_workspace(workspace_id: int, days: int, today: date) -> list[Day]:
    """Return the last `days` days up to today, oldest first, also those without use: one query."""
    since = first_day(days, today)
    rows = WorkspaceDay.objects.filter(workspace=workspace_id, day__gte=since, day__lte=today)
    found = {one.day: (one.people, one.launches, one.runs, one.seconds) for one in rows}
    return _filled(found, days, today)


def days_of_environment(environment_id: int, days: int, today: date) -> list[Day]:
    """Return the last `days` days up to today, oldest first, also those without use: two queries."""
    since = first_day(days, today)
    rows = DailyUse.objects.filter(environment=environment_id, day__gte=since, day__lte=today).order_by()
    used = rows.values_list("day").annotate(
        sum_launches=Sum("launches"),
        sum_runs=Sum("launches", filter=Q(kind__in=PROJECTS), default=0),
        sum_seconds=Sum("seconds"),
    )
    counted = DailyPeople.objects.filter(environment=environment_id, day__gte=since, day__lte=today)
    people = dict(counted.values_list("day", "people"))
    found = {day: (people.get(day, 0), launches, runs, seconds) for day, launches, runs, seconds in used}
    return _filled(found, days, today)


def _filled(found: dict[date, Numbers], days: int, today: date) -> list[Day]:
    since = first_day(days, today)
    every = [since + timedelta(days=number) for number in range(days)]
    rows = [(day, *found.get(day, (0, 0, 0, 0.0))) for day in every]
    return [
        Day(day=day, people=people, launches=launches, runs=runs, seconds=seconds)
        for day, people, launches, runs, seconds in rows
    ]
