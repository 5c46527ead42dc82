"""The worker's sign of life: written while it works, and no reason for its steps to run."""

from __future__ import annotations

import pytest

from assay.jobs.heartbeat import Heartbeat
from assay.jobs.worker import Worker
from assay.store.models import WorkerProcess
from assay.store.workers import list_workers


@pytest.mark.django_db
def test_it_is_written_and_ends_with_the_worker() -> None:
    """A worker that somebody removed from the list enters it again."""
    found = Heartbeat()
    found.end()
    found.advance()
    found.advance()
    assert len(list_workers()) == 1
    WorkerProcess.objects.all().delete()
    found.advance()
    assert len(list_workers()) == 1
    found.end()
    assert list_workers() == []


@pytest.mark.django_db(transaction=True)
def test_it_wakes_nobody() -> None:
    """On SQLite, where a connection knows what it wrote itself."""
    found = Worker()
    for _ in range(3):
        found.step()
    found._say_alive()
    assert not found._changes.look()
    assert len(list_workers()) == 1
