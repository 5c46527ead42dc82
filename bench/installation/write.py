"""Write a whole installation, and compute what the worker computes from it."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from assay.core.events import EventName
from assay.core.policy.facts import Project
from assay.flow.maintenance import review_list
from assay.flow.notify import notifications
from assay.flow.usage.counting import MOST, count_launches
from assay.flow.usage.summaries import BATCH, refresh_summaries
from assay.flow.usage.totals import DAYS, refresh_days, refresh_totals
from assay.flow.watch import watch
from assay.flow.watch.advisories import load_feed
from assay.store.models import Environment, Event, Launch, Membership, Person, ProjectFacts, Runtime, Version
from assay.store.reads.facts import project_document
from assay.store.sort_columns import write_shown
from installation.bulk import Table, restart_sequences, without_indexes
from installation.environments import TABLES, Writer
from installation.libraries import Libraries, feed_records
from installation.log import Happened, Log, reviewers_of
from installation.people import Member, write_people
from installation.size import Size
from installation.use import Use, write_imports

ADVISORIES = 100


def write(size: Size, end: datetime | None = None, say: Callable[[str], object] = str) -> None:
    """Write an installation whose history ends at a moment, now by default. `say` is told what is done."""
    end = end or timezone.now()
    start = (end - timedelta(days=size.days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= timedelta(days=1)  # the last day is over
    _history(size, start, say)
    restart_sequences(Event, Launch, Membership, Person, Runtime, *TABLES)
    _derived(say)


def _history(size: Size, start: datetime, say: Callable[[str], object]) -> None:
    people = write_people(size, random.Random(size.seed))  # noqa: S311 - no secret
    libraries = Libraries(size=size, start=start)
    log = Log(start, size.days, reviewers_of(people))
    _members(people, log)
    environments = Writer(size, start, libraries, people, log).write()
    say(f"{size.people:,} people, {len(environments):,} environments, {Version.objects.count():,} versions")
    recent = Version.objects.filter(published_at__gte=start + timedelta(days=size.days / 2))
    asked = {
        pk: [line.partition(">")[0] for line in spec["libraries"]] for pk, spec in recent.values_list("pk", "spec")
    }
    write_imports(size, start, environments, asked)
    _feed(libraries)
    use = Use(size, start, environments, people, log, [one.name for one in settings.SIZES])
    with without_indexes(Event):
        for day in range(size.days):
            left = size.events - log.count - sum(len(of) for at, of in log.days.items() if at > day)
            use.write_day(day, max(0, left // (size.days - day)))
            log.write(day)
            if day % (size.days // 8) == 0 and day:
                say(f"day {day} of {size.days}: {log.count:,} events")
    log.close()
    say(f"{Launch.objects.count():,} launches, {log.count:,} events")


def _members(people: dict[int, list[Member]], log: Log) -> None:
    for workspace, members in people.items():
        for at, one in enumerate(members):
            detail = {"person": one.name, "role": str(one.role)}
            log.add(Happened(at * 1e-3, workspace, "assay", EventName.MEMBER_SET, "", None, detail))


def _feed(libraries: Libraries) -> None:
    """Load advisories, and store what the index says about each project."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in feed_records(libraries, ADVISORIES):
                archive.writestr(f"{one['id']}.json", json.dumps(one))
        load_feed(str(path))
    now = timezone.now()
    rows = []
    for releases in libraries.releases:
        days = [libraries.start.date() + timedelta(days=one.uploaded) for one in releases]
        newest = releases[-1].library
        project = Project(
            name=newest.name, newest=newest.version, newest_at=days[-1], first_at=days[0], releases=len(days)
        )
        rows.append((newest.name, project_document(project), now))
    Table(ProjectFacts, "name", "document", "fetched_at").write(rows)


def _derived(say: Callable[[str], object]) -> None:
    """Do what the worker has to do with all this, so that a server that starts now has nothing left to do."""
    now, began = timezone.now(), time.monotonic()
    write_shown(Environment.objects.all())
    steps: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("sums of usage", lambda: count_launches(now) >= MOST),
        ("days", lambda: refresh_days() >= DAYS),
        ("summaries", lambda: refresh_summaries(now) >= BATCH),
        ("totals", lambda: bool(refresh_totals(now)) and False),
        ("assessments", watch.advance),
        ("review list", review_list.advance),
        ("notifications", notifications.advance),
    )
    for what, step in steps:
        while step():
            pass
        say(f"{what}: {time.monotonic() - began:.0f} s")
        began = time.monotonic()


def print_progress(began: float) -> Callable[[str], object]:
    """Return a function that prints lines with the seconds since `began`, a value of `time.monotonic`."""

    def say(words: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:6.0f} s  {words}\n")
        sys.stdout.flush()

    return say
