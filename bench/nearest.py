"""Benchmark of the search for nearest versions, with 1,000 and 10,000 versions of 300 libraries."""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from report import median, print_figure

SIZES = (1_000, 10_000)
LIBRARIES, NAMES, FAMILIES, PER_ENVIRONMENT = 300, 3_000, 200, 5
LIMIT, AFTER_CHANGE = 0.050, 0.250  # seconds of a request; of the first one after a publication
FIRST_LIMIT = 0.5  # seconds of the first request after a start
GROWTH = 10.0  # limit of the time's growth with ten times as many versions


def nearest() -> None:
    """Fill a new SQLite database in steps, and measure at each size."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    call_command("migrate", verbosity=0)
    rows = _Rows()
    took = []
    for size in SIZES:
        rows.fill(size)
        took.append(_measure(rows, size))
    grown = took[-1] / took[0]
    print_figure("  growth, ten times as many", f"{grown:.1f} x", f"limit {GROWTH:.0f} x", grown <= GROWTH)


def _measure(rows: _Rows, size: int) -> float:
    """Measure the requests at a size; return the median seconds of a search for nearest versions."""
    from assay.store.reads import nearest as read  # noqa: PLC0415 - after setup

    path = f"/api/v1/workspaces/nearest/environments/env-{size // PER_ENVIRONMENT // 2:05}/versions/3/nearest"
    workspace = rows.workspace.pk
    rows.get("/api/v1/workspaces/nearest/environments?limit=1")  # imports what any request needs
    read.file_of(workspace).unlink(missing_ok=True)  # the rows were stored without events
    written = _once(lambda: read.write_file(workspace))
    read._indexes.clear()  # noqa: SLF001 - as after a start
    gc.collect()
    before = _memory()
    first = _once(lambda: rows.get(path))
    grown = (_memory() - before) / 2**20
    took = median(lambda: rows.get(path), 30)
    print_figure(
        f"nearest of {size:,} x {LIBRARIES}: median",
        f"{took * 1000:.1f} ms",
        f"{took / LIMIT:.2f} x of 50 ms",
        took <= LIMIT,
    )
    size_on_disk = read.file_of(workspace).stat().st_size / 2**20
    print_figure(
        "  file written from the database", f"{written:.1f} s", f"{size_on_disk:.0f} MB; in the worker's process"
    )
    print_figure(
        "  opened after a start", f"{first:.3f} s", f"{first / FIRST_LIMIT:.2f} x of 0.5 s", first <= FIRST_LIMIT
    )
    print_figure("  memory of the index", f"{grown:.0f} MB", "")
    rows.publish()
    after = _once(lambda: rows.get(path))
    print_figure(
        "  right after a publication",
        f"{after * 1000:.0f} ms",
        f"{after / AFTER_CHANGE:.2f} x of 250 ms",
        after <= AFTER_CHANGE,
    )
    again = _once(lambda: read.write_file(workspace))
    print_figure("  file brought up to date", f"{again:.1f} s", f"from all: {written:.1f} s")
    for what, address in (("consistency, a page of 50", "consistency"), ("duplicates, a page of 20", "duplicates")):
        anew = _once(lambda address=address: rows.get(f"/api/v1/workspaces/nearest/{address}"))  # type: ignore[misc]  # bound now
        again = median(lambda address=address: rows.get(f"/api/v1/workspaces/nearest/{address}"), 3)  # type: ignore[misc]  # as above
        print_figure(f"  {what}", f"{again * 1000:.0f} ms", f"{anew:.2f} s after a change")
    return took


def _memory() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _once(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


class _Rows:
    """Published versions: families of environments, each with several versions of mostly the same libraries."""

    def __init__(self) -> None:
        from django.test import Client  # noqa: PLC0415 - after setup

        from assay.core.roles import Role  # noqa: PLC0415 - as above
        from assay.flow.people import create_person, create_token, ensure_workspace  # noqa: PLC0415 - as above

        self.workspace = ensure_workspace("nearest", "Nearest")
        self.person = create_person("nell", "a-long-password-1", Role.ADMIN, "nearest")
        secret = create_token(self.person, "bench").secret
        self.client = Client(headers={"authorization": f"Bearer {secret}"})
        self.count, self.hidden = 0, 0
        self.dice = random.Random(7)  # noqa: S311 - no secret

    def get(self, path: str) -> Any:  # noqa: ANN401 - a response
        """Send a GET request, and return its response, which must have status 200."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.content  # noqa: S101 - a benchmark of errors measures nothing
        return answer

    def publish(self) -> None:
        """Deprecate a version and restore it, as a reviewer does."""
        from assay.core.roles import Right  # noqa: PLC0415 - after setup
        from assay.flow import retire  # noqa: PLC0415 - as above
        from assay.flow.access import actor_in  # noqa: PLC0415 - as above

        actor = actor_in(self.person, "nearest", Right.ADMINISTER)
        retire.deprecate(actor, "env-00000", 1, reason="bench")
        self.client.get("/api/v1/workspaces/nearest/environments/env-00000/versions/2/nearest")
        retire.restore(actor, "env-00000", 1)

    def fill(self, size: int) -> None:
        """Add published versions up to the size."""
        from django.utils import timezone  # noqa: PLC0415 - after setup

        from assay.store.models import Environment, Version  # noqa: PLC0415 - as above

        now = timezone.now()
        fresh = range(self.count // PER_ENVIRONMENT, size // PER_ENVIRONMENT)
        environments = Environment.objects.bulk_create(
            Environment(
                workspace=self.workspace,
                slug=f"env-{number:05}",
                title=f"Environment {number}",
                owner=self.person,
                last_number=PER_ENVIRONMENT,
                created_at=now,
                updated_at=now,
            )
            for number in fresh
        )
        pinned = [self._pins(number) for number in range(self.count, size)]
        locks = _locks(pinned, self.count, now)
        versions = Version.objects.bulk_create(
            Version(
                environment=environments[place // PER_ENVIRONMENT],
                number=place % PER_ENVIRONMENT + 1,
                author=self.person,
                status="published",
                spec=_spec(list(pinned[place])),
                python="3.11",
                lock=lock,
                created_at=now,
                updated_at=now,
                published_at=now + timedelta(seconds=place),
            )
            for place, lock in enumerate(locks)
        )
        for environment, newest in zip(environments, versions[PER_ENVIRONMENT - 1 :: PER_ENVIRONMENT], strict=True):
            environment.active = environment.latest = newest
        Environment.objects.bulk_update(environments, ["active", "latest"], batch_size=500)
        self.count = size

    def _pins(self, number: int) -> dict[str, str]:
        """Return the libraries of a family with versions, of which a few are common and many are rare."""
        family = random.Random(number // PER_ENVIRONMENT % FAMILIES)  # noqa: S311 - no secret
        names = family.sample(range(NAMES), LIBRARIES)
        return {f"lib{name:04}": f"1.{int(self.dice.paretovariate(1)) % 20}" for name in names}


def _spec(names: list[str]) -> dict[str, Any]:
    from assay.core.spec import Spec  # noqa: PLC0415 - after setup

    return Spec(python="3.11", libraries=tuple(f"{name}>=1.0" for name in names[:12])).to_dict()


def _locks(pinned: list[dict[str, str]], start: int, now: object) -> list[Any]:
    """Store locks with their libraries, and only the metadata that the request reads."""
    from django.db import connection, transaction  # noqa: PLC0415 - after setup

    from assay.store.models import Lock  # noqa: PLC0415 - as above

    locks = Lock.objects.bulk_create(
        Lock(
            digest=f"{start + place:064x}",
            text="",
            content={"python": "3.11", "platform": "linux-x86_64", "libraries": _libraries(pins)},
            python="3.11",
            platform="linux-x86_64",
            libraries_count=LIBRARIES,
            size=10**9,
            report={"libraries": []},
            created_at=now,
        )
        for place, pins in enumerate(pinned)
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for lock, pins in zip(locks, pinned, strict=True):
            cursor.executemany(
                "INSERT INTO store_lockedlibrary (lock_id, name, version, file, size) VALUES (%s, %s, %s, '', 0)",
                [(lock.pk, name, version) for name, version in pins.items()],
            )
    return locks


def _libraries(pins: dict[str, str]) -> list[dict[str, Any]]:
    file = {"name": "x.whl", "url": "https://index.example/x.whl", "size": 1, "sha256": "0" * 64, "uploaded": ""}
    return [
        {"name": name, "version": version, "index": "", "dependencies": [], "file": file}
        for name, version in pins.items()
    ]
