"""The worker: a loop that advances all open work by one step at a time; a failed step does not end it.

The database rows are the queue (docs/decisions/0003), so a restart after a crash continues where it stopped. While
nothing is written to the database, one cheap question takes the place of all steps.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import FrameType
from typing import TypeVar

from django.db import OperationalError, close_old_connections
from django.utils import timezone

from assay.flow.build import build, verify
from assay.flow.build.wakeup import WakeUps
from assay.flow.maintenance import review_list, rollouts, wave_steps
from assay.flow.usage import update as usage
from assay.flow.watch import watch
from assay.jobs import heartbeat, periodic
from assay.jobs.daily_refresh import Refresh
from assay.jobs.delivery import DeliveryThread
from assay.jobs.feed_refresh import FeedRefresh
from assay.jobs.heartbeat import Heartbeat
from assay.jobs.nearest_indexes import NearestIndexes
from assay.jobs.python_installations import PythonInstallations
from assay.jobs.reassessment import Reassessment
from assay.runtimes import apps, run_queue, schedules
from assay.store import checkpoint
from assay.store.changes import Changes
from assay.studio import server_status

Result = TypeVar("Result")
log = logging.getLogger("assay.worker")
BUSY, IDLE = 0.05, 0.5  # seconds between two looks, with and without open work
QUIET = 60.0  # seconds after which a step runs though nothing was written
STOP_SECONDS = 3.0  # for the delivery thread to finish its step


@dataclass(kw_only=True)
class _Step:
    """A step of the worker.

    While it reports open work, and after something was written to the database, it runs every so many seconds;
    else after `QUIET`, and at the time that `next_time` named after the last run. One that `repeats` runs at once
    again while it reports more work. The worker looks more often while a step of a `queue` has open work.
    """

    step: Callable[[], bool]
    every: float = 0.0
    queue: bool = False
    at_start: bool = True
    repeats: bool = False
    next_time: Callable[[], datetime | None] = field(default=lambda: None)
    is_due: bool = field(init=False, default=True)
    has_work: bool = field(init=False, default=False)
    _last: float = field(init=False)
    _next: datetime | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._last = -QUIET if self.at_start else time.monotonic()

    def run_if_due(self) -> None:
        """Run the step if its time has come. After a failure it is due again."""
        since = time.monotonic() - self._last
        timely = self._next is not None and self._next <= timezone.now()
        if since < self.every or not (self.is_due or self.has_work or timely or since >= QUIET):
            return
        self._last = time.monotonic()
        found = _guarded(self.step)
        self.is_due, self.has_work, self._next = found is None, bool(found), _guarded(self.next_time)
        if self.has_work and self.repeats:
            self._last = 0.0


class Worker:
    """The worker's loop; it ends between two steps on SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self._stopping = False
        self._refresh = Refresh()
        self._feed = FeedRefresh()
        self._heartbeat = Heartbeat()
        self._pythons = PythonInstallations()
        self._nearest = NearestIndexes()
        self._reassessment = Reassessment()
        self._changes = Changes()
        self._steps = self._all_steps()

    def run(self) -> None:
        """Run steps until a signal stops the worker."""
        wakeups = WakeUps()

        def stop(signum: int, frame: FrameType | None) -> None:
            del signum, frame
            self._stopping = True
            wakeups.end_wait()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        delivery = DeliveryThread()
        delivery.start()
        for name in build.sweep_leftovers():
            log.info("Removed %s, left by a killed build", name)
        while not self._stopping:
            wakeups.wait(BUSY if self.step() else IDLE)
        delivery.stop()
        delivery.join(STOP_SECONDS)
        _guarded(self._heartbeat.end)
        wakeups.close()

    def step(self) -> bool:
        """Advance all open work by one step. Returns whether a queue has any."""
        if _guarded(self._changes.look) is not False:
            for one in self._steps:
                one.is_due = True
        for one in self._steps:
            one.run_if_due()
        return any(one.has_work for one in self._steps if one.queue)

    def _say_alive(self) -> bool:
        """Write the sign of life, which is no reason for the other steps to run."""
        self._heartbeat.advance()
        self._changes.skip_own()
        return True

    def _all_steps(self) -> tuple[_Step, ...]:
        """Return the steps in their order."""
        return (
            _Step(every=heartbeat.EVERY, step=self._say_alive),
            _Step(queue=True, step=build.advance),
            _Step(queue=True, step=run_queue.advance),
            _Step(queue=True, step=verify.advance),
            _Step(every=0.25, step=apps.advance),
            _Step(every=1, step=schedules.advance, next_time=schedules.next_run_time),
            _Step(every=1, step=wave_steps.advance),  # a wave waits for builds and people
            _Step(every=5, step=server_status.advance),  # pages that show a server fetch its status themselves
            _Step(every=5, step=periodic.advance),
            _Step(every=5, step=checkpoint.move_log),
            _Step(every=20, step=self._feed.advance, at_start=False),  # so that builds run first
            _Step(every=20, step=self._refresh.projects, at_start=False),
            _Step(every=600, step=self._refresh.names, at_start=False),
            _Step(every=2, step=self._refresh.requested_names),
            _Step(every=2, step=self._pythons.advance),  # installs what an administrator asked for, in a thread
            _Step(every=5, step=self._reassessment.advance),  # whether there is a new policy, feed or day
            _Step(every=1, step=watch.assess_submissions),
            _Step(every=5, step=rollouts.advance),  # counts the starts in pilots
            _Step(every=20, step=usage.advance, repeats=True),  # adds to the sums of usage
            _Step(every=2, step=self._nearest.advance),  # the files of the similarity search, in a process
            _Step(every=2, step=review_list.advance),  # one batch of the review list
        )


def _guarded(step: Callable[[], Result]) -> Result | None:
    """Run one step; log a failure and return None, so that the step is retried and the others continue."""
    try:
        return step()
    except OperationalError as error:
        log.warning("The database does not respond: %s", error)
        close_old_connections()
        time.sleep(1)
    except Exception:
        log.exception("%s failed", step.__module__)
        time.sleep(1)
    return None
