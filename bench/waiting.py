"""Benchmark of the time from *Build* to the start, and to *built* when the lock was already built."""

from __future__ import annotations

import statistics
import threading
import time

import django
from report import print_figure

START_LIMIT, KNOWN_LIMIT = 0.1, 0.2  # seconds
TIMES = 8


def waiting() -> None:
    """Run a worker in a thread, and build the same libraries repeatedly."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.core.management import call_command  # noqa: PLC0415 - as above

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    from assay.core.roles import Role  # noqa: PLC0415 - as above
    from assay.flow.access import actor_in  # noqa: PLC0415 - as above
    from assay.flow.build.build import request_build  # noqa: PLC0415 - as above
    from assay.flow.compose.draft import SpecInput, create_environment  # noqa: PLC0415 - as above
    from assay.flow.compose.resolve import preview  # noqa: PLC0415 - as above
    from assay.flow.people import create_person, ensure_workspace  # noqa: PLC0415 - as above

    ensure_workspace()
    ana = actor_in(create_person("ana-of-the-queue", "a-long-password-1", Role.MEMBER), "default")
    stop = work()
    spec_input = SpecInput(base=None, python="3.11", libraries=("six",))
    starts, known = [], []
    for number in range(TIMES):
        create_environment(ana, slug=f"queue-{number}", title="Queue", description="", spec_input=spec_input)
        preview(ana, spec_input, "bench")
        began = time.perf_counter()
        build = request_build(ana, f"queue-{number}", 1)
        while build.active:
            time.sleep(0.002)
            build.refresh_from_db()
        known.append(time.perf_counter() - began)
        starts.append((build.started_at - build.created_at).total_seconds())
    stop.set()
    start, whole = statistics.median(starts), statistics.median(known[1:])
    print_figure(
        "from Build to the start",
        f"{start * 1000:.0f} ms",
        f"limit {START_LIMIT * 1000:.0f} ms",
        start <= START_LIMIT,
    )
    print_figure(
        "from Build to built, for a lock that was built",
        f"{whole * 1000:.0f} ms",
        f"limit {KNOWN_LIMIT * 1000:.0f} ms; the first took {known[0]:.1f} s",
        whole <= KNOWN_LIMIT,
    )


def work() -> threading.Event:
    """Run a worker in a thread; return the event that stops it."""
    from assay.flow.build.wakeup import WakeUps  # noqa: PLC0415 - after setup
    from assay.jobs.worker import BUSY, IDLE, Worker  # noqa: PLC0415 - after setup

    stop = threading.Event()

    def loop() -> None:
        worker, wakeups = Worker(), WakeUps()
        while not stop.is_set():  # as the worker's own loop does
            wakeups.wait(BUSY if worker.step() else IDLE)
        wakeups.close()

    threading.Thread(target=loop, daemon=True).start()
    return stop
