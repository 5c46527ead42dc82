"""The worker's loop: what runs when, and what it costs while nothing happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.people import person

from assay.jobs import worker
from assay.jobs.worker import QUIET, Worker, _Step
from assay.runtimes import schedules

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Pass time."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the worker a clock of its own."""
    found = Clock()
    monkeypatch.setattr(worker, "time", found)
    return found


@pytest.mark.django_db(transaction=True)
def test_while_nothing_happens_it_asks_one_question() -> None:
    """After the first round, no query until something is written."""
    found = Worker()
    for _ in range(3):
        found.step()
    with CaptureQueriesContext(connection) as quiet:
        assert not found.step()
    person("ana")
    with CaptureQueriesContext(connection) as busy:
        found.step()
    assert (len(quiet), len(busy) >= 3) == (0, True)


def test_a_step_runs_after_a_change_while_it_has_work_and_after_a_while(clock: Clock) -> None:
    """Never more often than `every`."""
    runs: list[float] = []
    answers = [False, True, True, False]

    def step() -> bool:
        runs.append(clock.now)
        return answers.pop(0) if answers else False

    one = _Step(every=2, step=step)
    one.run_if_due()
    clock.sleep(1)
    one.is_due = True
    one.run_if_due()
    assert len(runs) == 1
    for _ in range(4):
        clock.sleep(1.5)
        one.run_if_due()
    assert runs == [1000.0, 1002.5, 1005.5]
    clock.sleep(2)
    one.run_if_due()
    assert not one.has_work
    clock.sleep(QUIET - 1)
    one.run_if_due()
    assert len(runs) == 4
    clock.sleep(1)
    one.run_if_due()
    assert len(runs) == 5


def test_a_step_runs_at_the_time_that_it_named(clock: Clock) -> None:
    """A scheduled run does not wait for something to be written."""
    runs: list[float] = []
    with time_machine.travel(START, tick=False) as at:
        one = _Step(
            every=1, step=lambda: bool(runs.append(clock.now)), next_time=lambda: START + timedelta(seconds=5)
        )
        for second in range(8):
            at.move_to(START + timedelta(seconds=second))
            one.run_if_due()
            clock.sleep(1)
    assert runs == [1000.0, 1005.0, 1006.0, 1007.0]


def test_after_a_failure_a_step_is_due_again(clock: Clock) -> None:
    """Though nothing was written meanwhile; one that repeats does not wait."""
    runs: list[str] = []

    def fail() -> bool:
        runs.append("failed")
        raise ValueError

    one = _Step(step=fail)
    one.run_if_due()
    one.run_if_due()
    more = _Step(every=20, at_start=False, repeats=True, step=lambda: not runs.append("more"))
    more.run_if_due()
    clock.sleep(21)
    more.run_if_due()
    more.run_if_due()
    assert runs == ["failed", "failed", "more", "more"]


@pytest.mark.django_db
def test_without_schedules_there_is_no_next_time() -> None:
    """So nothing is asked."""
    assert schedules.next_run_time() is None
