"""Who and what uses a version: people, servers and runs, projects, versions built on it, and its disk space."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.utils import timezone

from assay.core.lifecycle import Status
from assay.store.models import Launch, PersonUse, Run, Runtime, Server, Version
from assay.store.reads.counting import CountOf
from assay.store.statements import Parameter, Statement

PERIOD = timedelta(days=90)  # launches within this count as use


@dataclass(frozen=True, kw_only=True)
class Running:
    """How many servers, runs and apps use a version now."""

    servers: int
    runs: int
    apps: int = 0

    @property
    def total(self) -> int:
        """The sum of all."""
        return self.servers + self.runs + self.apps


class PersonImpact(NamedTuple):
    """Somebody who launched a version in the period, and the day (UTC) on which they last did."""

    name: str
    last: date


@dataclass(frozen=True, kw_only=True)
class ProjectImpact:
    """A project that would start in a version. `pinned`: it names the version, not the environment."""

    slug: str
    title: str
    kind: str
    owner: str
    owner_id: int
    shared: bool
    schedule: str
    serving: bool
    pinned: bool


@dataclass(frozen=True, kw_only=True)
class Derived:
    """Versions that are built on a version and not retired: references, and how many drafts of other people."""

    references: tuple[str, ...]
    drafts: int

    @property
    def total(self) -> int:
        """The number of all."""
        return len(self.references) + self.drafts


def first_day() -> date:
    """Return the first day (UTC) of the period that ends today."""
    return (timezone.now() - PERIOD).date()


def people_of(version: Version, since: date) -> tuple[PersonImpact, ...]:
    """Return the people who launched a version on or after a day, by name: two queries.

    Their launches are in the sums of usage, except those that the worker has not counted yet.
    """
    begin = datetime.combine(since, time.min, tzinfo=UTC)
    summed = PersonUse.objects.filter(version=version, last_day__gte=since).order_by()
    day = Cast("last_day", CharField())  # a text is read several times faster than a date
    last = {name: date.fromisoformat(text) for name, text in summed.values_list("person__username", day)}
    waiting = Launch.objects.filter(version=version, counted=False, counted_until=None, started_at__gte=begin)
    for name, started in waiting.order_by("started_at").values_list("person__username", "started_at"):
        last[name] = max(last.get(name, since), started.date())
    return tuple(PersonImpact(name, last[name]) for name in sorted(last))


def _running() -> Any:  # noqa: ANN401 - a query with columns that types do not know
    version, apps = Parameter("version"), Q(runtime__kind="app")
    runs = Run.objects.filter(version=version, state__in=["queued", "running"])
    counts = {
        "server_count": CountOf(Server.objects.filter(version=version, state__in=["starting", "ready"]).values("pk")),
        "run_count": CountOf(runs.exclude(apps).values("pk")),
        "app_count": CountOf(runs.filter(apps).values("pk")),
    }
    return Version.objects.filter(pk=version).annotate(**counts).values_list(*counts)


RUNNING: Statement[tuple[int, int, int]] = Statement(_running)


def running_in(version: Version) -> Running:
    """Return how many servers, runs and apps use a version now: one query."""
    servers, runs, apps = RUNNING.first(version=version.pk) or (0, 0, 0)
    return Running(servers=servers, runs=runs, apps=apps)


def projects_of(version: Version) -> tuple[ProjectImpact, ...]:
    """Return the projects that name a version, or its environment while this version is active: one query."""
    environment = version.environment
    names = [version.reference]
    if environment.active_id == version.pk:
        names.append(environment.slug)
    rows = Runtime.objects.filter(workspace_id=environment.workspace_id, environment__in=names).order_by("slug")
    columns = ("slug", "title", "kind", "owner__username", "owner_id", "shared", "schedule", "enabled", "environment")
    return tuple(
        ProjectImpact(
            slug=slug,
            title=title,
            kind=kind,
            owner=owner,
            owner_id=owner_id,
            shared=shared,
            schedule=schedule,
            serving=kind == "app" and enabled,
            pinned=named == version.reference,
        )
        for slug, title, kind, owner, owner_id, shared, schedule, enabled, named in rows.values_list(*columns)
    )


def derived_of(version: Version) -> Derived:
    """Return the versions built on a version that are not retired; drafts are only counted: one query."""
    rows = Version.objects.filter(base=version).exclude(status=Status.RETIRED)
    found = list(rows.order_by("environment__slug", "number").values_list("environment__slug", "number", "status"))
    shown = tuple(f"{slug}@{number}" for slug, number, status in found if status != Status.DRAFT)
    return Derived(references=shown, drafts=len(found) - len(shown))
