"""Who queues work wakes the worker when it is committed, and never for what was rolled back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import transaction
from support.people import draft, person

from assay.flow.build import wakeup
from assay.flow.build.build import request_build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[wakeup.WakeUps]:
    """Return the worker's end."""
    monkeypatch.setattr(wakeup, "home", lambda: tmp_path)
    wakeup.wake_worker()  # nobody waits yet
    found = wakeup.WakeUps()
    yield found
    found.close()
    wakeup.wake_worker()  # nobody waits any more


def test_a_committed_request_wakes_the_worker(worker: wakeup.WakeUps) -> None:
    """A queued build does; the worker then looks at once, and once."""
    assert not worker.wait(0)
    ana = person("ana")
    draft(ana, "geo")
    request_build(ana, "geo", 1)
    assert worker.wait(0)
    assert not worker.wait(0)


def test_what_is_rolled_back_wakes_nobody(worker: wakeup.WakeUps) -> None:
    """Nobody is woken for what never happened."""
    with transaction.atomic():
        wakeup.wake_worker()
        transaction.set_rollback(True)
    assert not worker.wait(0)


def test_many_wake_ups_are_one(worker: wakeup.WakeUps) -> None:
    """Also when the pipe is full: who queues work never waits for the worker."""
    for _ in range(3):
        wakeup.wake_worker()
    assert worker.wait(0)
    assert not worker.wait(0)
    pipe = os.open(wakeup.pipe(), os.O_WRONLY | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"." * 4096)
    os.close(pipe)
    wakeup.wake_worker()
    worker.end_wait()
    assert worker.wait(0)


def test_a_signal_ends_the_wait_and_a_restart_uses_the_same_pipe(worker: wakeup.WakeUps) -> None:
    """The worker ends at once, not after its longest wait."""
    worker.end_wait()
    assert worker.wait(60)
    again = wakeup.WakeUps()
    wakeup.wake_worker()
    assert again.wait(0)
    again.close()
