"""Work slots: so many threads work at a time, and one that waits for others lets another one work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assay.flow import work_slots
from assay.flow.work_slots import waiting, working

PATIENCE = 10.0  # seconds


@pytest.fixture(autouse=True)
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two threads work at a time."""
    monkeypatch.setattr(work_slots, "_free", threading.BoundedSemaphore(2))
    yield
    assert work_slots._free._value == 2, "every slot was given back"


def test_only_so_many_work_at_a_time() -> None:
    """The third waits until one of them has ended."""
    both, end, third = threading.Barrier(3), threading.Event(), threading.Event()

    def work() -> None:
        with working():
            both.wait(PATIENCE)
            end.wait(PATIENCE)

    def follow() -> None:
        with working():
            third.set()

    with ThreadPoolExecutor() as pool:
        pool.submit(work)
        pool.submit(work)
        both.wait(PATIENCE)
        pool.submit(follow)
        assert not third.wait(0.05)
        end.set()
        assert third.wait(PATIENCE)


def test_those_who_wait_for_others_let_another_one_work() -> None:
    """Any number of them; each takes a slot again when its wait is over, also after an error."""
    all_wait, end, errors = threading.Barrier(6), threading.Event(), []

    def ask() -> None:
        with working():
            try:
                with waiting():
                    all_wait.wait(PATIENCE)
                    end.wait(PATIENCE)
                    Path("/nowhere").read_text()
            except OSError as error:
                assert work_slots._thread.works
                errors.append(error)

    with ThreadPoolExecutor() as pool:
        for _ in range(5):
            pool.submit(ask)
        all_wait.wait(PATIENCE)
        with working():
            assert not errors
        end.set()
    assert len(errors) == 5


def test_a_slot_ends_with_its_request() -> None:
    """Also after an error."""
    with pytest.raises(ValueError, match="bad"), working():
        raise ValueError("bad")
    assert not work_slots._thread.works


def test_who_holds_no_slot_just_waits() -> None:
    """A command or the worker resolves without one."""
    with ThreadPoolExecutor() as pool:
        assert pool.submit(_wait).result() == "done"


def _wait() -> str:
    with waiting():
        return "done"
