"""Benchmark of the compare page in the worst case."""

from __future__ import annotations

from datetime import timedelta

import django
from report import median, print_figure

COMPARE_LIMIT = 0.060  # seconds, for five versions that differ in every library
LIBRARIES, WIDE = 200, 400


def pages() -> None:
    """Measure on a new SQLite database."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    Database().compare()


def settings_host() -> str:
    """Return the host name that serves pages."""
    from django.conf import settings  # noqa: PLC0415 - after setup

    return str(settings.PUBLIC_HOST)


class Database:
    """A growing database, with clients for the API and the pages."""

    def __init__(self, libraries: int = LIBRARIES) -> None:
        from django.test import Client  # noqa: PLC0415 - after setup

        from assay.core.roles import Role  # noqa: PLC0415 - as above
        from assay.flow.people import create_person, create_token, ensure_workspace  # noqa: PLC0415 - as above

        self.workspace = ensure_workspace()
        self.ana = create_person("ana", "a-long-password-1", Role.MEMBER)
        self.ben = create_person("ben", "a-long-password-1", Role.REVIEWER)
        secret = create_token(self.ben, "bench").secret
        self.api = Client(headers={"authorization": f"Bearer {secret}"})
        self.web = Client(headers={"host": settings_host()})
        self.web.force_login(self.ben, "allauth.account.auth_backends.AuthenticationBackend")
        self.count, self.libraries = 0, libraries

    def fill(self, size: int) -> None:
        """Add published environments up to the size; the last one is pending."""
        from django.utils import timezone  # noqa: PLC0415 - after setup

        from assay.store.models import Environment, Launch, Lock, Submission, Version  # noqa: PLC0415 - as above

        now = timezone.now()
        locks = [lock_row(self.count + number, now, self.libraries) for number in range(20)]
        Lock.objects.bulk_create(locks)
        fresh = list(range(self.count, size))
        Environment.objects.bulk_create(
            Environment(
                workspace=self.workspace,
                slug=f"env-{number:05}",
                title=f"Environment {number}",
                description="For the benchmark.",
                owner=self.ana,
                last_number=1,
                created_at=now,
                updated_at=now,
            )
            for number in fresh
        )
        made = {one.slug: one for one in Environment.objects.filter(slug__gte=f"env-{self.count:05}")}
        versions = [
            Version(
                environment=made[f"env-{number:05}"],
                number=1,
                author=self.ana,
                status="published",
                python="3.11",
                spec={
                    "base": None,
                    "python": "3.11",
                    "libraries": ["lib000", "lib001"],
                    "only_binary": True,
                    "cool_down_days": 0,
                    "variant": "",
                },
                lock=locks[number % 20],
                created_at=now,
                updated_at=now,
                published_at=now,
                submitted_at=now,
            )
            for number in fresh
        ]
        versions[-1].status = "pending"
        Version.objects.bulk_create(versions)
        for version in versions:
            environment = version.environment
            environment.latest = version
            environment.active = None if version.status == "pending" else version
        Environment.objects.bulk_update(made.values(), ["latest", "active"], batch_size=500)
        Launch.objects.bulk_create(
            Launch(
                person=self.ana,
                environment=one.environment,
                version=one,
                kind="run",
                digest="x",
                target_id="x",
                started_at=now - timedelta(days=1),
            )
            for one in versions
        )
        last = versions[-1]
        last.rounds = 1
        last.save()
        Submission.objects.create(version=last, round=1, by=self.ana, digest=last.lock.digest, spec=last.spec, at=now)
        self.count, self.pending = size, last.environment.slug

    def compare(self) -> None:
        """Measure the compare page in the worst case: five versions that differ in all of many libraries."""
        from django.utils import timezone  # noqa: PLC0415 - after setup

        from assay.flow.access import actor_in  # noqa: PLC0415 - as above
        from assay.flow.compose.draft import SpecInput, create_environment  # noqa: PLC0415 - as above
        from assay.store.models import Version  # noqa: PLC0415 - as above

        now = timezone.now()
        spec_input = SpecInput(base=None, python="3.11", libraries=("lib000",))
        names = [f"wide-{number}" for number in range(5)]
        for number, slug in enumerate(names):
            made = create_environment(
                actor_in(self.ana, "default"), slug=slug, title=slug, description="", spec_input=spec_input
            )
            lock = lock_row(number, now, WIDE, drift=1)
            lock.save()  # type: ignore[attr-defined]  # a row, whose type is known only after setup
            Version.objects.filter(pk=made.pk).update(lock=lock, status="published", published_at=now)
        page = "/compare?versions=" + ",".join(f"{slug}@1" for slug in names)
        assert self.web.get(page).content.count(b"data-row") == WIDE  # noqa: S101 - a benchmark of errors measures nothing
        took = median(lambda: self.web.get(page), 15)
        print_figure(
            f"compare page, 5 x {WIDE} libraries, all different: median",
            f"{took * 1000:.1f} ms",
            f"{took / COMPARE_LIMIT:.2f} x of 60 ms",
            took <= COMPARE_LIMIT,
        )


def count_queries(action: object) -> int:
    """Return the number of statements that an action sends to the database."""
    from django.db import connection  # noqa: PLC0415 - after setup
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 - as above

    with CaptureQueriesContext(connection) as seen:
        action()  # type: ignore[operator]  # one of the two lambdas above
    return len(seen)


def lock_row(number: int, now: object, count: int = LIBRARIES, drift: int = 0, changed: int = 0) -> object:
    """Return a lock with `count` libraries; locks differ in some versions, or with `drift` in all.

    With `changed`, so many libraries have a newer version, and one library is added.
    """
    from assay.core.lock import File, Lock, LockedLibrary  # noqa: PLC0415 - after setup
    from assay.core.report import Check, LibraryFacts, Report  # noqa: PLC0415 - as above
    from assay.store.models import Lock as Row  # noqa: PLC0415 - as above

    libraries = tuple(
        LockedLibrary(
            name=f"lib{one:03}",
            version=f"1.{number if drift else (one * number) % 7}.{int(one < changed)}",
            index="https://pypi.org/simple",
            file=File(
                name=f"lib{one:03}.whl",
                url=f"https://index.example/lib{one:03}.whl",
                size=10_000,
                sha256=f"{number:032x}{one + 1000 * (one < changed):032x}",
            ),
            dependencies=tuple(f"lib{other:03}" for other in range(one * 2 + 1, min(one * 2 + 3, count))),
        )
        for one in range(count + bool(changed))
    )
    lock = Lock(python="3.11", platform="linux-x86_64", libraries=libraries)
    report = Report(
        python="3.11",
        python_path="/usr/bin/python3",
        size=10**9,
        files=40_000,
        isolation="bubblewrap",
        libraries=tuple(
            LibraryFacts(name=one.name, version=one.version, size=5_000_000, licence="MIT") for one in libraries
        ),
        checks=(Check(name="imports", state="passed", detail="all import"),),
    )
    return Row(
        digest=lock.digest,
        text=lock.to_toml(),
        content=lock.to_dict(),
        python="3.11",
        platform=lock.platform,
        libraries_count=count,
        size=10**9,
        report=report.to_dict(),
        created_at=now,
    )
