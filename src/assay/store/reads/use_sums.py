"""Sums of use for periods, computed from the sums per day and person: launches, time, people and imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Max, Q, Sum

from assay.core.usage import PERIODS, PROJECTS, first_day
from assay.store.models import DailyUse, LibraryUse, PersonUse
from assay.store.reads.imports import SESSIONS

LONGEST = max(PERIODS)


@dataclass(kw_only=True)
class Sums:
    """The use of something in one period. `by_size` maps (kind, size) to seconds; `last_day` is of all time."""

    people: int = 0
    launches: int = 0
    runs: int = 0
    by_size: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    last_day: date | None = None
    imported: int | None = None

    @property
    def seconds(self) -> float:
        """The time that all launches ran."""
        return sum(self.by_size.values())


@dataclass(kw_only=True)
class PeriodSums:
    """The sums of environments and of their versions, each by (id, days)."""

    environments: dict[tuple[int, int], Sums] = field(default_factory=lambda: defaultdict(Sums))
    versions: dict[tuple[int, int], Sums] = field(default_factory=lambda: defaultdict(Sums))


def sums_of(environments: Sequence[int], today: date) -> PeriodSums:
    """Return the sums of at most 500 environments and their versions in every period up to a day: four queries."""
    found = PeriodSums()
    _add_use(found, environments, today)
    _add_people(found, environments, today)
    _add_imports(found, environments, today)
    return found


def _add_use(found: PeriodSums, environments: Sequence[int], today: date) -> None:
    since = {days: Q(day__gte=first_day(days, today)) for days in PERIODS}
    columns = {f"launches{days}": Sum("launches", filter=since[days], default=0) for days in PERIODS}
    columns |= {f"seconds{days}": Sum("seconds", filter=since[days], default=0.0) for days in PERIODS}
    rows = DailyUse.objects.filter(environment__in=environments, day__gte=first_day(LONGEST, today)).order_by()
    summed = rows.values("environment", "version", "kind", "size").annotate(**columns)
    for row in [dict[str, Any](one) for one in summed]:
        for days in PERIODS:
            for one in (found.environments[row["environment"], days], found.versions[row["version"], days]):
                one.launches += row[f"launches{days}"]
                one.runs += row[f"launches{days}"] if row["kind"] in PROJECTS else 0
                one.by_size[row["kind"], row["size"]] += row[f"seconds{days}"]


def _add_people(found: PeriodSums, environments: Sequence[int], today: date) -> None:
    rows = PersonUse.objects.filter(environment__in=environments).order_by()
    for name, target in (("environment", found.environments), ("version", found.versions)):
        people = {
            f"people{days}": Count("person", distinct=True, filter=Q(last_day__gte=first_day(days, today)))
            for days in PERIODS
        }
        for row in rows.values(name).annotate(last=Max("last_day"), **people):
            for days in PERIODS:
                target[row[name], days].people = row[f"people{days}"]
                target[row[name], days].last_day = row["last"]


def _add_imports(found: PeriodSums, environments: Sequence[int], today: date) -> None:
    """Add how many libraries were imported, for versions with at least one recorded session in the period."""
    since = first_day(LONGEST, today)
    rows = LibraryUse.objects.filter(version__environment__in=environments, day__gte=since, sessions__gt=0)
    last: dict[int, dict[str, date]] = defaultdict(dict)
    for version, library, day in rows.order_by().values_list("version", "library").annotate(last=Max("day")):
        last[version][library] = day
    for version, libraries in last.items():
        for days in PERIODS:
            first = first_day(days, today)
            if libraries.get(SESSIONS, date.min) >= first:
                imported = sum(day >= first for library, day in libraries.items() if library != SESSIONS)
                found.versions[version, days].imported = imported
