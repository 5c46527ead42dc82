"""The worker: a loop that advances all open work by one step at a time; a failed step does not end it.

The database rows are the queue (docs/decisions/0003), so a restart after a crash continues where it stopped.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

from django.db import OperationalError, close_old_connections

from assay.flow.build import build, verify, wakeup
from assay.flow.maintenance import review_list, rollouts, wave_steps
from assay.flow.usage import update as usage
from assay.flow.watch import watch
from assay.jobs import periodic
from assay.jobs.daily_refresh import Refresh
from assay.jobs.delivery import DeliveryThread
from assay.runtimes import apps, run_queue, schedules
from assay.studio import server_status

log = logging.getLogger("assay.worker")
BUSY, IDLE = 0.05, 0.5  # seconds between two steps, with and without open work
STOP_SECONDS = 3.0  # for the delivery thread to finish its step
WAKEUP_SECONDS = 0.02  # between two checks for a wake-up
APPS_EVERY = 0.25  # seconds
WAVES_EVERY = 1.0  # seconds; a wave waits for builds and people
SCHEDULES_EVERY = 1.0  # seconds; schedules have a resolution of minutes
ROLLOUTS_EVERY = 5.0  # seconds between two counts of the starts in pilots
REVIEW_EVERY = 2.0  # seconds between two batches of the review list
WATCH_EVERY = 5.0  # seconds between two checks for a new policy, feed or day
REFRESH_EVERY = 20.0  # seconds between two checks whether a refresh is due
USAGE_EVERY = 20.0  # seconds between two additions to the sums of usage
SERVERS_EVERY = 5.0  # seconds; pages that show a server fetch its status themselves


class Worker:
    """The worker's loop; it ends between two steps on SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self._stopping = False
        self._apps_at = self._schedules_at = self._servers_at = self._watch_at = 0.0
        self._rollouts_at = self._usage_at = self._review_at = self._waves_at = 0.0
        self._refresh_at = time.monotonic()  # not at start, so that builds run first
        self._refresh = Refresh()

    def run(self) -> None:
        """Run steps until a signal stops the worker."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        delivery = DeliveryThread()
        delivery.start()
        for name in build.sweep_leftovers():
            log.info("Removed %s, left by a killed build", name)
        while not self._stopping:
            before = wakeup.last_wake()
            self._wait(BUSY if self.step() else IDLE, before)
        delivery.stop()
        delivery.join(STOP_SECONDS)

    def step(self) -> bool:
        """Advance all open work by one step. Returns whether there was any."""
        busy = [_guarded(build.advance), _guarded(run_queue.advance), _guarded(verify.advance)]
        if time.monotonic() - self._apps_at > APPS_EVERY:
            self._apps_at = time.monotonic()
            _guarded(apps.advance)
        if time.monotonic() - self._schedules_at > SCHEDULES_EVERY:
            self._schedules_at = time.monotonic()
            _guarded(schedules.advance)
        if time.monotonic() - self._waves_at > WAVES_EVERY:
            self._waves_at = time.monotonic()
            _guarded(wave_steps.advance)
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
        if time.monotonic() - self._rollouts_at > ROLLOUTS_EVERY:
            self._rollouts_at = time.monotonic()
            _guarded(rollouts.advance)
        if time.monotonic() - self._usage_at > USAGE_EVERY:
            self._usage_at = time.monotonic()
            if _guarded(usage.advance):
                self._usage_at = 0.0  # there is more: go on in the next step
        if time.monotonic() - self._review_at > REVIEW_EVERY:
            self._review_at = time.monotonic()
            _guarded(review_list.advance)
        return any(busy)

    def _wait(self, seconds: float, before: int) -> None:
        """Sleep for `seconds`, or until a wake-up after `before`."""
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until and wakeup.last_wake() == before:
            time.sleep(WAKEUP_SECONDS)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        del signum, frame
        self._stopping = True


def _guarded(step: Callable[[], bool]) -> bool:
    """Run one step; log a failure, so that the step is retried and the others continue."""
    try:
        return step()
    except OperationalError as error:
        log.warning("The database does not respond: %s", error)
        close_old_connections()
        time.sleep(1)
    except Exception:
        log.exception("%s failed", step.__module__)
        time.sleep(1)
    return False
