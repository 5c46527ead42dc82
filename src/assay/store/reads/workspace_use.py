"""The use of a whole workspace: on a day, by its people, and by the owners of its environments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Max, Q, Sum

from assay.core.usage import PERIODS, PROJECTS, day_start, first_day
from assay.store.models import DailyUse, Launch, Membership, PersonUse, UsageSummary


@dataclass(frozen=True, kw_only=True)
class Owned:
    """The sums of environments with the same owner."""

    environments: int = 0
    launches: int = 0
    runs: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    size: int = 0
    own_size: int = 0
    last_day: date | None = None

    def plus(self, other: Owned) -> Owned:
        """Return the sums of both."""
        days = [one for one in (self.last_day, other.last_day) if one]
        added = {
            one.name: getattr(self, one.name) + getattr(other, one.name)
            for one in fields(self)
            if one.name != "last_day"
        }
        return Owned(**added, last_day=max(days, default=None))


def use_on(workspace_id: int, day: date) -> tuple[int, int, float]:
    """Return the launches, the launches by projects and the seconds of a day: one query."""
    rows = DailyUse.objects.filter(workspace=workspace_id, day=day)
    found = rows.aggregate(
        all_launches=Sum("launches", default=0),
        runs=Sum("launches", filter=Q(kind__in=PROJECTS), default=0),
        time=Sum("seconds", default=0.0),
    )
    return found["all_launches"], found["runs"], found["time"]


def people_on(workspace_id: int, day: date) -> tuple[int, dict[int, int]]:
    """Return how many people launched anything on a day, and how many launched each environment: one query."""
    rows = Launch.objects.filter(
        environment__workspace=workspace_id,
        started_at__gte=day_start(day),
        started_at__lt=day_start(day + timedelta(days=1)),
    )
    everybody: set[int] = set()
    by_environment: dict[int, int] = defaultdict(int)
    for environment, person in rows.order_by().values_list("environment_id", "person_id").distinct():
        everybody.add(person)
        by_environment[environment] += 1
    return len(everybody), dict(by_environment)


def people_by_period(workspace_id: int, today: date) -> dict[int, int]:
    """Return how many people launched anything in each period up to a day: one query."""
    rows = PersonUse.objects.filter(environment__workspace=workspace_id)
    people = {
        f"people{days}": Count("person", distinct=True, filter=Q(last_day__gte=first_day(days, today)))
        for days in PERIODS
    }
    found = rows.aggregate(**people)
    return {days: found[f"people{days}"] for days in PERIODS}


def people_by_owner(workspace_id: int, today: date) -> dict[tuple[str, int], frozenset[int]]:
    """Return who launched environments of each owner, by the owner's user name and period: one query."""
    rows = PersonUse.objects.filter(
        environment__workspace=workspace_id, last_day__gte=first_day(max(PERIODS), today)
    ).order_by()
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for owner, person, last in rows.values_list("environment__owner__username", "person_id").annotate(
        last=Max("last_day")
    ):
        for days in PERIODS:
            if last >= first_day(days, today):
                found[owner, days].add(person)
    return {key: frozenset(people) for key, people in found.items()}


def owned(workspace_id: int, days: int) -> dict[str, Owned]:
    """Return the sums of the environments of each owner in a period, by user name: one query."""
    rows = UsageSummary.objects.filter(workspace=workspace_id, days=days).order_by()
    columns = {name: Sum(name) for name in ("launches", "runs", "seconds", "cost", "size", "own_size")}
    found = rows.values("environment__owner__username").annotate(
        environments=Count("pk"), last=Max("last_day"), **{f"sum_{name}": one for name, one in columns.items()}
    )
    return {
        row["environment__owner__username"]: Owned(
            environments=row["environments"],
            last_day=row["last"],
            **{name: row[f"sum_{name}"] for name in columns},
        )
        for row in [dict[str, Any](one) for one in found]
    }


def groups_of_owners(workspace_id: int) -> dict[str, tuple[str, ...]]:
    """Return the team groups of each member that is in any, by user name: one query."""
    rows = Membership.objects.filter(workspace_id=workspace_id).values_list("person__username", "groups")
    return {name: tuple(groups) for name, groups in rows if groups}
