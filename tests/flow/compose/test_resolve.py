"""Previews side by side: a newer one of the same page ends the one before it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.people import lock_of, person, spec_input

from assay.core.errors import ConflictError, ResolutionError, UnavailableError
from assay.core.lock import Lock
from assay.core.roles import Actor
from assay.engine.interface import Resolved, ResolveRequest
from assay.engine.uv_engine import UvEngine
from assay.flow.compose import resolve as resolving
from assay.flow.compose.resolve import preview

pytestmark = pytest.mark.django_db
LOCK = lock_of({"six": "1.16.0"})
Process = subprocess.Popen[str]
Answer = Callable[[Callable[[Process], None]], Lock]


@pytest.fixture
def sleeper() -> Iterator[Callable[[], Process]]:
    """Return what starts a process that sleeps until it is ended."""
    begun: list[Process] = []

    def begin() -> Process:
        begun.append(subprocess.Popen(["sleep", "60"], text=True))
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def answer_with(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> None:
    """Let the resolver answer so, one after the other."""
    left = list(answers)

    def answer(
        _engine: UvEngine,
        request: ResolveRequest,
        *,
        started: Callable[[Process], None],
        **_: Any,  # noqa: ANN401 - passed by
    ) -> Resolved:
        assert Path(request.python_path).exists()
        return Resolved(lock=left.pop(0)(started))

    monkeypatch.setattr(UvEngine, "preview", answer)


def test_a_newer_request_ends_the_older_one(
    ana: Actor, monkeypatch: pytest.MonkeyPatch, sleeper: Callable[[], Process]
) -> None:
    """The older process is killed, and who waits for it reads that a newer one took its place."""
    process = sleeper()

    def older(started: Callable[[Process], None]) -> Lock:
        started(process)
        assert preview(ana, spec_input("six"), "page").lock == LOCK
        raise ResolutionError(f"It ended with {process.wait(10)}.")

    def newer(started: Callable[[Process], None]) -> Lock:
        started(sleeper())
        assert process.wait(10) < 0
        return LOCK

    answer_with(monkeypatch, older, newer)
    with pytest.raises(ConflictError, match="newer request"):
        preview(ana, spec_input("idna"), "page")


def test_another_page_is_left_alone(
    ana: Actor, monkeypatch: pytest.MonkeyPatch, sleeper: Callable[[], Process]
) -> None:
    """A failure of one's own is told as it is, also when its process never started."""
    process = sleeper()

    def first(started: Callable[[Process], None]) -> Lock:
        started(process)
        assert preview(ana, spec_input("six"), "other page").lock == LOCK
        assert process.poll() is None
        raise ResolutionError("They do not fit.")

    def never_started(_: Callable[[Process], None]) -> Lock:
        return LOCK

    def fails(_: Callable[[Process], None]) -> Lock:
        raise ResolutionError("There is no such library.")

    answer_with(monkeypatch, first, never_started, fails)
    with pytest.raises(ResolutionError, match="do not fit"):
        preview(ana, spec_input("idna"), "page")
    with pytest.raises(ResolutionError, match="no such library"):
        preview(ana, spec_input("idna"), "page")


def test_a_request_that_was_overtaken_cancels_itself(
    ana: Actor, monkeypatch: pytest.MonkeyPatch, sleeper: Callable[[], Process]
) -> None:
    """The page sent it before the one that runs, so that its answer is not waited for any more."""
    newer, overtaken = sleeper(), sleeper()

    def runs(started: Callable[[Process], None]) -> Lock:
        started(newer)
        with pytest.raises(ConflictError):
            preview(ana, spec_input("idna"), "page", number=1)
        assert newer.poll() is None
        return LOCK

    def late(started: Callable[[Process], None]) -> Lock:
        started(overtaken)
        assert overtaken.wait(10) == -signal.SIGKILL
        raise ResolutionError("uv was killed.")

    answer_with(monkeypatch, runs, late)
    assert preview(ana, spec_input("six"), "page", number=2).lock == LOCK


def test_a_process_that_has_ended_is_not_killed_again(
    ana: Actor, monkeypatch: pytest.MonkeyPatch, sleeper: Callable[[], Process]
) -> None:
    """The next request of the page starts as if it were the first."""
    ended = sleeper()
    ended.kill()
    ended.wait()

    def older(started: Callable[[Process], None]) -> Lock:
        started(ended)
        return preview(ana, spec_input("six"), "page").lock

    def newer(started: Callable[[Process], None]) -> Lock:
        started(sleeper())
        return LOCK

    answer_with(monkeypatch, older, newer)
    assert preview(ana, spec_input("idna"), "page").lock == LOCK
    assert not resolving._latest._running


def test_what_is_no_conflict_is_not_kept(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that is not available may be there the next time."""

    def fail(_: Callable[[Process], None]) -> Lock:
        raise UnavailableError("Not available.")

    answer_with(monkeypatch, fail, lambda _: LOCK)
    with pytest.raises(UnavailableError):
        preview(ana, spec_input("six"), "page")
    assert preview(ana, spec_input("six"), "page").lock == LOCK
