"""The impact of retiring a version: its users, running servers and runs, derived versions, and disk space."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from assay.core.lifecycle import Status
from assay.store.models import Launch, Run, Runtime, Server, Version
from assay.store.reads.disk_usage import own_bytes

PERIOD = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Running:
    """How many servers and runs use a version now."""

    servers: int
    runs: int

    @property
    def total(self) -> int:
        """The sum of both."""
        return self.servers + self.runs


@dataclass(frozen=True, kw_only=True)
class Impact:
    """What retiring a version affects.

    `people` launched it in the last 90 days; `running` counts servers and runs that use it now; `runtimes` are
    projects that would start in it; `derived` are references of versions built on it that are not retired;
    `freed` is the number of bytes on disk that no other version needs.
    """

    people: tuple[str, ...]
    running: Running
    runtimes: tuple[Runtime, ...]
    derived: tuple[str, ...]
    freed: int


def impact_of(version: Version) -> Impact:
    """Return the impact of retiring a version: seven queries."""
    return Impact(
        people=_people(version),
        running=running_in(version),
        runtimes=_runtimes(version),
        derived=_derived(version),
        freed=own_bytes(version.lock) if version.lock else 0,
    )


def running_in(version: Version) -> Running:
    """Return how many servers and runs use a version now: two queries."""
    return Running(
        servers=Server.objects.filter(version=version, state__in=["starting", "ready"]).count(),
        runs=Run.objects.filter(version=version, state__in=["queued", "running"]).count(),
    )


def _people(version: Version) -> tuple[str, ...]:
    launches = Launch.objects.filter(version=version, started_at__gte=timezone.now() - PERIOD)
    names = launches.values_list("person__username", flat=True).distinct()
    return tuple(names.order_by("person__username"))


def _runtimes(version: Version) -> tuple[Runtime, ...]:
    """Return the projects that name this version, or its environment while this version is the newest."""
    environment = version.environment
    names = [version.reference]
    if environment.active_id == version.pk:
        names.append(environment.slug)
    runtimes = Runtime.objects.filter(workspace_id=environment.workspace_id, environment__in=names)
    return tuple(runtimes.select_related("owner").defer("source").order_by("slug"))


def _derived(version: Version) -> tuple[str, ...]:
    derived = Version.objects.filter(base=version).exclude(status=Status.RETIRED)
    return tuple(
        one.reference for one in derived.select_related("environment").order_by("environment__slug", "number")
    )
