"""Benchmark of the usage page: 10,000 environments and 10 million launches, as sums per day and person."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from report import median, print_figure

ENVIRONMENTS, LAUNCHES, PEOPLE = 10_000, 10_000_000, 5_000
LOCKS, LIBRARIES, FILES = 2_000, 100, 8_000
OWNERS, GROUPS = 500, 40
DAYS, USED_EVERY, USERS = 365, 3, 30  # an environment is used on every third day, by 30 people in all
PAGE_LIMIT, PAGE_QUERIES = 0.100, 13  # seconds, statements
COUNTED, COUNT_LIMIT = 10_000, 10.0  # launches that the worker adds in one step, seconds
PAGES = (
    ("environments, by cost", ""),
    ("environments of a year, by name", "?days=365&sort=environment"),
    ("not used", "?show=unused&days=30"),
    ("versions, by hours", "?by=version&sort=-hours"),
    ("owners", "?by=owner"),
    ("team groups", "?by=group"),
    ("one environment", "?environment=env-00042&by=version&days=365"),
)
# Each environment has its days, with as many launches as make up the whole.
DAILY_USE = """
WITH RECURSIVE days(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM days WHERE n < {days} - 1)
INSERT INTO store_dailyuse (workspace_id, environment_id, version_id, day, kind, size, launches, seconds)
SELECT e.workspace_id, e.id, e.active_id, date('{today}', '-' || n || ' days'),
  CASE WHEN e.id % 4 = 0 THEN 'run' ELSE 'studio' END, CASE WHEN e.id % 4 = 0 THEN '' ELSE 'large' END,
  {launches}, {launches} * 1200.0
FROM store_environment e, days WHERE (e.id * 31 + n * 17) % {every} = 0
"""
PERSON_USE = """
WITH RECURSIVE users(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM users WHERE n < {users} - 1)
INSERT INTO store_personuse (environment_id, version_id, person_id, last_day)
SELECT e.id, e.active_id, {first} + (e.id * 37 + n * 151) % {people},
  date('{today}', '-' || ((n * n) % 400) || ' days')
FROM store_environment e, users WHERE 1 ON CONFLICT DO NOTHING
"""
DAILY_PEOPLE = """
INSERT INTO store_dailypeople (workspace_id, environment_id, day, people)
SELECT workspace_id, environment_id, day, MIN(launches, {users}) FROM store_dailyuse
"""
WORKSPACE_DAYS = """
INSERT INTO store_workspaceday (workspace_id, day, people, launches, runs, seconds, stale)
SELECT workspace_id, day, {people}, SUM(launches), SUM(CASE kind WHEN 'run' THEN launches ELSE 0 END), SUM(seconds), 0
FROM store_dailyuse GROUP BY workspace_id, day
"""


def usage() -> None:
    """Fill a database and measure."""
    import django  # noqa: PLC0415 - the settings module is set by then

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    from assay.core.prices import read_hour_prices  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.SIZE_PRICES, settings.STORAGE_PRICE = read_hour_prices("large=0.40 run=0.05"), 0.1
    call_command("migrate", verbosity=0)
    visitor = _people()
    _environments()
    _sums()
    _summaries()
    _pages(visitor)
    _counting()


def _people() -> Any:  # noqa: ANN401 - Django's model, known after setup only
    """Add people in team groups and return a reviewer."""
    from assay.core.roles import Role  # noqa: PLC0415 - after setup
    from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - as above
    from assay.store.models import Membership, Person  # noqa: PLC0415 - as above

    workspace = ensure_workspace()
    Person.objects.bulk_create(
        [Person(username=f"person-{number:05}", password="!") for number in range(PEOPLE)],  # noqa: S106 - no password
        batch_size=500,
    )
    members = Person.objects.order_by("pk")[:OWNERS]
    Membership.objects.bulk_create(
        Membership(workspace=workspace, person=one, role=Role.MEMBER, groups=[f"group-{number % GROUPS:02}"])
        for number, one in enumerate(members)
    )
    return create_person("ben", "a-long-password-1", Role.REVIEWER)


def _environments() -> None:
    """Add published environments whose locks share most files."""
    from django.utils import timezone  # noqa: PLC0415 - after setup

    from assay.store.models import Environment, Lock, LockedLibrary, Person, Version, Workspace  # noqa: PLC0415

    now, workspace = timezone.now() - timedelta(days=1), Workspace.objects.get()
    owners = list(Person.objects.order_by("pk")[:OWNERS])
    empty = {"text": "", "content": {}, "report": {}, "python": "3.12", "platform": "linux-x86_64"}
    locks = Lock.objects.bulk_create(
        [
            Lock(digest=f"{number:064}", libraries_count=LIBRARIES, size=900_000_000, created_at=now, **empty)
            for number in range(LOCKS)
        ],
        batch_size=500,
    )
    LockedLibrary.objects.bulk_create(
        [
            LockedLibrary(
                lock=lock,
                name=f"lib{one:03}",
                version="1.0",
                file=f"{(number * 7 + one * one * 13) % FILES:064}",
                size=8_000_000,
            )
            for number, lock in enumerate(locks)
            for one in range(LIBRARIES)
        ],
        batch_size=5000,
    )
    stamps = {"created_at": now, "updated_at": now}
    environments = Environment.objects.bulk_create(
        [
            Environment(
                workspace=workspace,
                slug=f"env-{number:05}",
                title=f"Environment {number}",
                owner=owners[number % OWNERS],
                last_number=1,
                **stamps,
            )
            for number in range(ENVIRONMENTS)
        ],
        batch_size=500,
    )
    versions = Version.objects.bulk_create(
        [
            Version(
                environment=one,
                number=1,
                author=one.owner,
                status="published",
                python="3.12",
                spec={},
                lock=locks[number % LOCKS],
                published_at=now,
                **stamps,
            )
            for number, one in enumerate(environments)
        ],
        batch_size=500,
    )
    for environment, version in zip(environments, versions, strict=True):
        environment.active = environment.latest = version
    Environment.objects.bulk_update(environments, ["active", "latest"], batch_size=500)


def _sums() -> None:
    """Write the sums of the launches directly."""
    from django.db import connection  # noqa: PLC0415 - after setup
    from django.utils import timezone  # noqa: PLC0415 - as above

    from assay.store.models import DailyUse, Person  # noqa: PLC0415 - as above

    values = {
        "days": DAYS,
        "today": timezone.now().date().isoformat(),
        "every": USED_EVERY,
        "launches": round(LAUNCHES / (ENVIRONMENTS * DAYS / USED_EVERY)),
        "users": USERS,
        "people": PEOPLE,
        "first": Person.objects.order_by("pk").values_list("pk", flat=True)[0],
    }
    with connection.cursor() as cursor:
        for statement in (DAILY_USE, PERSON_USE, DAILY_PEOPLE, WORKSPACE_DAYS):
            cursor.execute(statement.format(**values))
        cursor.execute("ANALYZE")
    rows = DailyUse.objects.count()
    print_figure(f"{LAUNCHES:,} launches of {ENVIRONMENTS:,} environments: sums", f"{rows:,} rows", "")


def _summaries() -> None:
    """Measure what the worker does on a new day."""
    from django.utils import timezone  # noqa: PLC0415 - after setup

    from assay.flow.usage.summaries import BATCH, refresh_summaries  # noqa: PLC0415 - as above
    from assay.flow.usage.totals import refresh_totals  # noqa: PLC0415 - as above

    began, longest = time.perf_counter(), 0.0
    while True:
        step = time.perf_counter()
        if refresh_summaries(timezone.now()) < BATCH:
            break
        longest = max(longest, time.perf_counter() - step)
    print_figure(
        "all summaries on a new day", f"{time.perf_counter() - began:.1f} s", f"longest step {longest:.2f} s"
    )
    began = time.perf_counter()
    refresh_totals(timezone.now())
    print_figure("totals of the workspace, owners and groups", f"{time.perf_counter() - began:.2f} s", "")


def _pages(reviewer: object) -> None:
    """Measure the page in each grouping."""
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.test import Client  # noqa: PLC0415 - as above
    from pages import count_queries  # noqa: PLC0415 - as above

    web = Client(headers={"host": str(settings.PUBLIC_HOST)})
    web.force_login(reviewer, "allauth.account.auth_backends.AuthenticationBackend")  # type: ignore[arg-type]  # as above
    for label, query in PAGES:
        address = f"/admin/usage/{query}"
        shown = web.get(address)
        assert (shown.status_code, b'class="hover"' in shown.content) == (200, True)  # noqa: S101 - errors measure nothing
        took = median(lambda address=address: web.get(address), 9)  # type: ignore[misc]  # a default is no argument
        queries = count_queries(lambda address=address: web.get(address))
        print_figure(
            f"usage page, {label}: median, {queries} queries",
            f"{took * 1000:.1f} ms",
            f"{took / PAGE_LIMIT:.2f} x of 100 ms",
            took <= PAGE_LIMIT and queries <= PAGE_QUERIES,
        )


def _counting() -> None:
    """Measure how long the worker takes to add launches to the sums."""
    from django.utils import timezone  # noqa: PLC0415 - after setup

    from assay.flow.usage.counting import count_launches  # noqa: PLC0415 - as above
    from assay.store.models import Launch, Person, Version  # noqa: PLC0415 - as above

    now, versions = timezone.now(), list(Version.objects.values_list("pk", "environment_id")[:1000])
    person = Person.objects.values_list("pk", flat=True)[0]
    Launch.objects.bulk_create(
        [
            Launch(
                person_id=person,
                version_id=versions[number % 1000][0],
                environment_id=versions[number % 1000][1],
                kind="studio",
                digest="x",
                target_id="x",
                started_at=now - timedelta(hours=2),
                ended_at=now,
            )
            for number in range(COUNTED)
        ],
        batch_size=2000,
    )
    began = time.perf_counter()
    assert count_launches(now) == COUNTED  # noqa: S101 - a benchmark of errors measures nothing
    took = time.perf_counter() - began
    print_figure(
        f"add {COUNTED:,} launches to the sums",
        f"{took:.2f} s",
        f"{took / COUNT_LIMIT:.2f} x of {COUNT_LIMIT:g} s",
        took <= COUNT_LIMIT,
    )
