"""The worker: a loop that brings everything open one step forward, and survives each step's failure.

The rows themselves are the queue (docs/decisions/0003), so a start after any crash just goes on.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

from django.db import OperationalError, close_old_connections

from assay.flow.build import build, verify, wakeup
from assay.flow.watch import watch
from assay.jobs import periodic
from assay.jobs.daily_refresh import Refresh
from assay.jobs.delivery import Post
from assay.runtimes import apps, run_queue, schedules
from assay.studio import server_status

log = logging.getLogger("assay.worker")
BUSY, IDLE = 0.05, 0.5  # seconds between two looks while something is open, and else
STOP_SECONDS = 3.0  # that the post has to end what it is sending
LISTEN = 0.02  # seconds between two looks at the bell
APPS_EVERY = 0.25  # seconds
SCHEDULES_EVERY = 1.0  # seconds; schedules name minutes
WATCH_EVERY = 5.0  # seconds between two looks whether policy, feed or day are new
REFRESH_EVERY = 20.0  # seconds between two looks at the clock
SERVERS_EVERY = 5.0  # seconds; pages that show a server look for themselves


class Worker:
    """Looks, steps, sleeps; ends at SIGTERM between two steps."""

    def __init__(self) -> None:
        self._stopping = False
        self._apps_at = self._schedules_at = self._servers_at = self._watch_at = 0.0
        self._refresh_at = time.monotonic()  # not at once: people who start the server want their builds
        self._refresh = Refresh()

    def run(self) -> None:
        """Work until told to stop."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        post = Post()
        post.start()
        for name in build.sweep_leftovers():
            log.info("Removed %s, which a killed build had left", name)
        while not self._stopping:
            before = wakeup.last_wake()
            self._wait(BUSY if self.step() else IDLE, before)
        post.stop()
        post.join(STOP_SECONDS)

    def step(self) -> bool:
        """Bring everything open one step forward. Returns whether there was anything."""
        busy = [_guarded(build.advance), _guarded(run_queue.advance), _guarded(verify.advance)]
        if time.monotonic() - self._apps_at > APPS_EVERY:
            self._apps_at = time.monotonic()
            _guarded(apps.advance)
        if time.monotonic() - self._schedules_at > SCHEDULES_EVERY:
            self._schedules_at = time.monotonic()
            _guarded(schedules.advance)
        if time.monotonic() - self._servers_at > SERVERS_EVERY:
            self._servers_at = time.monotonic()
            _guarded(server_status.advance)
            _guarded(periodic.advance)
        if time.monotonic() - self._refresh_at > REFRESH_EVERY:
            self._refresh_at = time.monotonic()
            _guarded(self._refresh.feed)
            _guarded(self._refresh.projects)
        if time.monotonic() - self._watch_at > WATCH_EVERY:
            self._watch_at = time.monotonic()
            _guarded(watch.advance)
        return any(busy)

    def _wait(self, seconds: float, before: int) -> None:
        """Sleep so long, or until somebody rings."""
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until and wakeup.last_wake() == before:
            time.sleep(LISTEN)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        self._stopping = True


def _guarded(step: Callable[[], bool]) -> bool:
    """Run one step; one that fails is logged and comes again, the others go on."""
    try:
        return step()
    except OperationalError as error:
        log.warning("The database does not answer: %s", error)
        close_old_connections()
        time.sleep(1)
    except Exception:
        log.exception("%s failed", step.__module__)
        time.sleep(1)
    return False
