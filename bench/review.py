"""Benchmark of the review page of 200 libraries, in a workspace with up to 50,000 environments."""

from __future__ import annotations

import time
from typing import Any

import django
from pages import count_queries, lock_row, settings_host
from report import median, print_figure

SIZES = (1_000, 10_000, 50_000)
LIMIT, QUERIES = 0.040, 12  # seconds, statements
LIBRARIES, TEMPLATES = 200, 20
CHANGED = (20, 200)  # libraries
HELD = 50  # of these libraries that each other environment contains
PENDING = 100  # one in so many environments has a submission


def review() -> None:
    """Fill a new SQLite database in steps, and measure at each size."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    database = _Database()
    for size in SIZES:
        database.fill(size)
        database.measure(size)


class _Database:
    """A workspace that grows around a few submissions. Every environment has a lock of its own."""

    def __init__(self) -> None:
        from django.test import Client  # noqa: PLC0415 - after setup
        from django.utils import timezone  # noqa: PLC0415 - as above

        from assay.core.roles import Role  # noqa: PLC0415 - as above
        from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - as above
        from assay.store.models import Feed  # noqa: PLC0415 - as above

        self.workspace = ensure_workspace()
        self.ana = create_person("ana", "a-long-password-1", Role.MEMBER)
        self.ben = create_person("ben", "a-long-password-1", Role.REVIEWER)
        self.web = Client(headers={"host": settings_host()})
        self.web.force_login(self.ben, "allauth.account.auth_backends.AuthenticationBackend")
        self.now = timezone.now()
        Feed.objects.create(
            source="bench", digest="0", records=0, malformed=0, added=0, changed=0, removed=0, loaded_at=self.now
        )
        self.count = 0
        self._templates()
        self._submissions()

    def _templates(self) -> None:
        """Add the locks whose libraries those of all environments contain."""
        from assay.flow.assess.facts import store_facts  # noqa: PLC0415 - after setup

        for number in range(TEMPLATES):
            self._stored(lock_row(number, self.now))
        store_facts()

    def _stored(self, lock: Any) -> Any:  # noqa: ANN401 - a row, whose type is known only after setup
        """Store a lock with its libraries."""
        from assay.store.models import LockedLibrary  # noqa: PLC0415 - after setup

        lock.save()
        LockedLibrary.objects.bulk_create(
            LockedLibrary(lock=lock, name=one["name"], version=one["version"], file=one["file"]["sha256"], size=5)
            for one in lock.content["libraries"]
        )
        return lock

    def _submissions(self) -> None:
        """Publish a version of the environment `ours`, and submit one for each number of changed libraries."""
        from assay.store.approved_libraries import add_approved  # noqa: PLC0415 - after setup
        from assay.store.models import Environment, Submission, Version  # noqa: PLC0415 - as above

        times = {"created_at": self.now, "updated_at": self.now, "submitted_at": self.now}
        ours = Environment.objects.create(
            workspace=self.workspace,
            slug="ours",
            title="Ours",
            owner=self.ana,
            created_at=self.now,
            updated_at=self.now,
        )
        spec = {"base": None, "python": "3.11", "libraries": ["lib000", "lib001"], "only_binary": True}
        for number, changed in enumerate((0, *CHANGED), 1):
            lock = self._stored(lock_row(100, self.now, changed=changed))
            version = Version.objects.create(
                environment=ours,
                number=number,
                author=self.ana,
                python="3.11",
                spec=spec,
                lock=lock,
                status="pending" if changed else "published",
                rounds=1,
                published_at=None if changed else self.now,
                **times,
            )
            Submission.objects.create(
                version=version, round=1, by=self.ana, digest=lock.digest, spec=spec, note="Please.", at=self.now
            )
            if not changed:
                Environment.objects.filter(pk=ours.pk).update(active=version, latest=version)
                add_approved(version)

    def fill(self, size: int) -> None:
        """Add environments up to the size; most are published, the others are submissions."""
        from django.db import connection  # noqa: PLC0415 - after setup

        values = {"now": str(self.now), "person": self.ana.pk, "workspace": self.workspace.pk}
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS fresh (n INTEGER)")
            cursor.execute("DELETE FROM fresh")
            cursor.executemany("INSERT INTO fresh VALUES (%s)", [(one,) for one in range(self.count, size)])
            for statement in STATEMENTS:
                cursor.execute(statement, values | {"first": FIRST + self.count} | SHAPE)
        self.count = size

    def measure(self, size: int) -> None:
        """Measure the page of each submission, compared with the version before."""
        from assay.store.models import Assessment  # noqa: PLC0415 - after setup

        Assessment.objects.all().delete()
        for number, changed in enumerate(CHANGED, 2):
            page = f"/environments/ours/{number}/review"
            began = time.perf_counter()
            answer = self.web.get(page)
            first = time.perf_counter() - began
            assert answer.status_code == 200, answer.content  # noqa: S101 - a benchmark of errors measures nothing
            took = median(lambda page=page: self.web.get(page), 30)  # type: ignore[misc]  # bound now
            queries = count_queries(lambda page=page: self.web.get(page))  # type: ignore[misc]  # as above
            print_figure(
                f"review page, {changed} of {LIBRARIES} libraries changed, at {size:,}: median",
                f"{took * 1000:.1f} ms",
                f"{took / LIMIT:.2f} x of 40 ms",
                took <= LIMIT,
            )
            print_figure("  queries", str(queries), f"limit {QUERIES}", queries <= QUERIES)
            print_figure("  first view of the day, which assesses", f"{first:.2f} s", "")


FIRST = 1000  # row number of the first environment, its lock and its version
SHAPE = {"start": FIRST, "libraries": LIBRARIES, "held": HELD, "templates": TEMPLATES, "pending": PENDING}
# Each environment has a lock of its own, with a part of the libraries of a template.
STATEMENTS = (
    """
    INSERT INTO store_lock
      (id, digest, text, content, python, platform, libraries_count, size, report, created_at)
    SELECT %(start)s + n, printf('%%064d', n), '', '{}', '3.11', 'linux-x86_64', %(held)s, 1000, '{}', %(now)s
    FROM fresh
    """,
    """
    INSERT INTO store_lockedlibrary (lock_id, name, version, file, size)
    SELECT %(start)s + n, one.name, one.version, one.file, one.size
    FROM fresh JOIN store_lockedlibrary one ON one.lock_id = n %% %(templates)s + 1
    WHERE (one.id + n) %% %(libraries)s < %(held)s
    """,
    """
    INSERT INTO store_lockfacts (lock_id, files, observations)
    SELECT %(start)s + n, one.files, '{}' FROM fresh JOIN store_lockfacts one ON one.lock_id = n %% %(templates)s + 1
    """,
    """
    INSERT INTO store_environment
      (id, workspace_id, slug, title, description, owner_id, tags, last_number, created_at, updated_at)
    SELECT %(start)s + n, %(workspace)s, printf('env-%%05d', n), 'Environment', '', %(person)s, '[]', 1,
      %(now)s, %(now)s
    FROM fresh
    """,
    """
    INSERT INTO store_version
      (id, environment_id, number, author_id, status, health, revision, rounds, spec, python, lock_id, reason,
       successor, created_at, updated_at, submitted_at, published_at)
    SELECT %(start)s + n, %(start)s + n, 1, %(person)s,
      CASE WHEN n %% %(pending)s = 0 THEN 'pending' ELSE 'published' END, 'ok', 0, 1,
      '{"base": null, "python": "3.11", "libraries": ["lib000"]}', '3.11', %(start)s + n, '', '',
      %(now)s, %(now)s, %(now)s, %(now)s
    FROM fresh
    """,
    """
    UPDATE store_environment SET latest_id = id, active_id =
      (SELECT id FROM store_version v WHERE v.environment_id = store_environment.id AND v.status = 'published')
    WHERE id >= %(first)s
    """,
)
