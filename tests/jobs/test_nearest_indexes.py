"""The worker keeps the files of the similarity search: one process at a time, with pauses after a failure."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from support.people import person, published

from assay.core.roles import Role
from assay.jobs import low_priority, nearest_indexes
from assay.store.packed_files import facts_of_packed
from assay.store.reads import nearest

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a workspace of two versions, which is large enough for a file."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    for slug in ("one", "two"):
        published(ana, ben, slug, ["six"], {"six": "1.0"})
    monkeypatch.setattr(nearest, "READ_AT_ONCE", 1)
    nearest.file_of(ana.workspace_id).unlink(missing_ok=True)
    return ana.workspace_id


def test_files_that_are_due_are_written(workspace: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time; after a failure, not for a minute."""
    codes, started = [1, 0], []

    def start(argv: list[str]) -> subprocess.Popen[bytes]:
        started.append(int(argv[-1]))
        return subprocess.Popen([sys.executable, "-c", f"raise SystemExit({codes.pop(0)})"])

    monkeypatch.setattr(low_priority, "_start", start)
    jobs = nearest_indexes.NearestIndexes()
    assert jobs.advance()
    assert started == [workspace]
    assert jobs._process._process
    jobs._process._process.wait()
    jobs.advance()
    assert started == [workspace]
    monkeypatch.setattr(time, "monotonic", lambda real=time.monotonic: real() + low_priority.RETRY_SECONDS)
    jobs.advance()
    assert started == [workspace, workspace]
    assert jobs._process._process
    jobs._process._process.wait()
    assert nearest_indexes.main(workspace) == 0
    jobs.advance()
    assert started == [workspace, workspace]
    assert jobs._process._process is None
    facts = facts_of_packed(nearest.file_of(workspace))
    assert facts
    nearest.file_of(workspace).unlink()


def test_a_process_of_its_own_writes_with_low_priority(workspace: int) -> None:
    """It ends with the worker, and says what it could not do."""
    argv = [sys.executable, "-m", "assay.jobs.nearest_indexes", str(workspace)]
    with low_priority._start(argv) as process:  # the database of the tests is not the one that it opens
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= low_priority.NICENESS
        assert process.wait(120) != 0


def test_a_full_disk_is_reported(workspace: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends with an error; the worker tries again later."""

    def full(_: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nearest, "write_file", full)
    assert nearest_indexes.main(workspace) == 1
