"""The worker: a loop that advances all open work by one step at a time; a failed step does not end it.

The database rows are the queue (docs/decisions/0003), so a restart after a crash continues where it stopped.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from django.db import OperationalError, close_old_connections

from assay.flow.build import build, verify, wakeup
from assay.flow.maintenance import review_list, rollouts, wave_steps
from assay.flow.usage import update as usage
from assay.flow.watch import watch
from assay.jobs import periodic
from assay.jobs.daily_refresh import Refresh
from assay.jobs.delivery import DeliveryThread
from assay.jobs.nearest_indexes import NearestIndexes
from assay.jobs.python_installations import PythonInstallations
from assay.runtimes import apps, run_queue, schedules
from assay.studio import server_status

log = logging.getLogger("assay.worker")
BUSY, IDLE = 0.05, 0.5  # seconds between two steps, with and without open work
STOP_SECONDS = 3.0  # for the delivery thread to finish its step
WAKEUP_SECONDS = 0.02  # between two checks for a wake-up


@dataclass(kw_only=True)
class _Timed:
    """A step that runs every so many seconds; one that `repeats` runs at once again while it reports more work."""

    every: float
    step: Callable[[], bool]
    at_start: bool = True
    repeats: bool = False
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self._last = 0.0 if self.at_start else time.monotonic()

    def run_if_due(self) -> None:
        """Run the step if its time has come."""
        if time.monotonic() - self._last <= self.every:
            return
        self._last = time.monotonic()
        if _guarded(self.step) and self.repeats:
            self._last = 0.0


class Worker:
    """The worker's loop; it ends between two steps on SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self._stopping = False
        self._refresh = Refresh()
        self._pythons = PythonInstallations()
        self._nearest = NearestIndexes()
        self._timed = self._steps()

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
        for step in self._timed:
            step.run_if_due()
        return any(busy)

    def _steps(self) -> tuple[_Timed, ...]:
        """Return the steps that do not run each time, in their order."""
        return (
            _Timed(every=0.25, step=apps.advance),
            _Timed(every=1, step=schedules.advance),  # schedules have a resolution of minutes
            _Timed(every=1, step=wave_steps.advance),  # a wave waits for builds and people
            _Timed(every=5, step=server_status.advance),  # pages that show a server fetch its status themselves
            _Timed(every=5, step=periodic.advance),
            _Timed(every=20, step=self._refresh.feed, at_start=False),  # so that builds run first
            _Timed(every=20, step=self._refresh.projects, at_start=False),
            _Timed(every=600, step=self._refresh.names, at_start=False),
            _Timed(every=2, step=self._refresh.requested_names),
            _Timed(every=2, step=self._pythons.advance),  # installs what an administrator asked for, in a thread
            _Timed(every=5, step=watch.advance),  # whether there is a new policy, feed or day
            _Timed(every=5, step=rollouts.advance),  # counts the starts in pilots
            _Timed(every=20, step=usage.advance, repeats=True),  # adds to the sums of usage
            _Timed(every=2, step=self._nearest.advance),  # the files of the similarity search, in a process
            _Timed(every=2, step=review_list.advance),  # one batch of the review list
        )

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
