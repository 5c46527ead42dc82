"""The state of the installation: whether it can serve, and what an administrator has to do where it cannot."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.utils import timezone

from assay.core.formatting import format_bytes, plural
from assay.core.lifecycle import BuildState
from assay.core.system import DISK_LEAST, FEED_OLD, Check, State, disk_state, feed_state, workers_state
from assay.flow.watch.advisories import feed_problem
from assay.store.models import Build
from assay.store.reads.advisories import feed_facts
from assay.store.workers import Worker, list_workers


def ready_checks() -> tuple[Check, ...]:
    """Return what readiness depends on: the database, a worker, the disk, the age of the advisories.

    Raises OperationalError when the database does not respond.
    """
    return (_database(), workers_check(list_workers()), _disk(), _advisories())


def system_checks() -> tuple[Check, ...]:
    """Return all checks for the page: those of readiness, and the queue of builds."""
    return (*ready_checks(), _queue())


def is_ready(checks: tuple[Check, ...]) -> bool:
    """Return whether the installation can serve."""
    return all(one.state is not State.BAD for one in checks)


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    release = sqlite3.sqlite_version if connection.vendor == "sqlite" else _postgresql_release()
    words = f"{names.get(connection.vendor, connection.vendor)} {release} responds."
    return Check(name="Database", state=State.OK, words=words)


def _postgresql_release() -> str:
    number = int(connection.pg_version)  # type: ignore[attr-defined]  # of PostgreSQL's wrapper
    return f"{number // 10_000}.{number % 10_000}"


def workers_check(workers: list[Worker]) -> Check:
    """Return whether a worker works."""
    state = workers_state([one.silent for one in workers])
    if state is State.OK:
        hosts = len({one.host for one in workers})
        words = f"{plural(len(workers), 'worker')} on {plural(hosts, 'host')}."
        return Check(name="Worker", state=state, words=words)
    words = (
        f"The last sign of life is {_minutes(min(one.silent for one in workers))} old."
        if workers
        else "There is none."
    )
    hint = "Builds, runs and notifications wait. Start it: `assay worker`, or `assay up` for everything."
    return Check(name="Worker", state=state, words=words, hint=hint)


def _disk() -> Check:
    usage = shutil.disk_usage(settings.HOME)
    state = disk_state(usage.free, usage.total)
    words = f"{format_bytes(usage.free)} of {format_bytes(usage.total)} free in {settings.HOME}."
    least = f"Builds need at least {format_bytes(DISK_LEAST)}. " if state is State.BAD else ""
    hint = f"{least}See what can be removed: `assay admin collect --dry-run`." if state is not State.OK else ""
    return Check(name="Disk", state=state, words=words, hint=hint)


def _advisories() -> Check:
    facts, problem = feed_facts(), feed_problem(settings.ADVISORIES)
    age = timezone.now() - facts.loaded_at if facts else None
    state = feed_state(age, wanted=bool(settings.ADVISORIES))
    words = (
        f"{facts.records:,} records, loaded {_minutes(age)} ago." if facts and age is not None else "None are loaded."
    )
    hint = problem.error if problem else f"They should be less than {FEED_OLD.days} days old."
    return Check(name="Advisories", state=state, words=words, hint=hint if state is not State.OK else "")


def _queue() -> Check:
    queued = Build.objects.filter(state=BuildState.QUEUED)
    running = Build.objects.filter(state__in=(BuildState.RESOLVING, BuildState.INSTALLING, BuildState.CHECKING))
    waiting, oldest = queued.count(), queued.aggregate(oldest=Min("created_at"))["oldest"]
    words = f"{running.count()} running, {waiting} queued"
    if oldest is not None:
        words += f", the first one since {_minutes(timezone.now() - oldest)}"
    return Check(name="Builds", state=State.OK, words=f"{words}.")


def _minutes(passed: timedelta) -> str:
    """Return a duration in one unit."""
    seconds = max(0, int(passed.total_seconds()))
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return plural(seconds // size, noun)
    return plural(seconds, "second")
