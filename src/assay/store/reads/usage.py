"""Usage of environments: people and projects of the last 30 days, and each use with its duration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, F
from django.utils import timezone

from assay.store.models import Environment, Launch
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order
from assay.store.statements import Parameter, Parameters, Statement

RECENT = timedelta(days=30)
SORTS: Columns = {
    "user": F("person__username"),
    "type": F("kind"),
    "version": F("version__number"),
    "started": F("started_at"),
}


class Use(NamedTuple):
    """How many people and projects used an environment in the last 30 days."""

    people: int = 0
    runtimes: int = 0

    def __str__(self) -> str:
        """Return the phrase that the environment page shows."""
        projects = f" and {self.runtimes} runtime{'s' if self.runtimes != 1 else ''}" if self.runtimes else ""
        return f"used by {self.people} {'person' if self.people == 1 else 'people'}{projects} in 30 days"


@dataclass(frozen=True, kw_only=True)
class UseRow:
    """One use. `seconds` is None while it is running; `runtime` is the project of a run or app, '' for none."""

    person: str
    kind: str
    version: int
    digest: str
    started: datetime
    seconds: float | None
    runtime: str


RECENT_USE = Statement(
    lambda: (
        Launch.objects.filter(environment_id__in=Parameters("environments"), started_at__gte=Parameter("since"))
        .values_list("environment_id")
        .annotate(people=Count("person_id", distinct=True), runtimes=Count("runtime_id", distinct=True))
    )
)


def recent_use(environments: list[int]) -> dict[int, Use]:
    """Return the use of each environment that had any in the last 30 days: one query."""
    counted = RECENT_USE.rows(environments=environments, since=timezone.now() - RECENT)
    return {pk: Use(people, runtimes) for pk, people, runtimes in counted}


def uses(environment: Environment, order: Order, limit: int, cursor: str = "") -> Page[UseRow]:
    """Return a page of the uses of an environment sorted by a column: one query."""
    found = Launch.objects.filter(environment=environment).select_related("person", "version", "runtime")
    found = found.defer("runtime__source", "version__spec")
    page = read_page(found, SORTS, order.within(SORTS, "-started"), limit=limit, cursor=cursor)
    rows = [
        UseRow(
            person=one.person.get_username(),
            kind=one.kind,
            version=one.version.number,
            digest=one.digest,
            started=one.started_at,
            seconds=(one.ended_at - one.started_at).total_seconds() if one.ended_at else None,
            runtime=one.runtime.slug if one.runtime else "",
        )
        for one in page.rows
    ]
    return page.with_rows(rows)
