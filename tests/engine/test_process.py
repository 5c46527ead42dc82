"""Builds in forks of a process that has imported the engine, as the worker starts them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bench import Bench
from support.index import LocalIndex

from assay.engine import process, uv
from assay.engine.installing.seal import check_sealed
from assay.engine.interface import Outcome
from assay.engine.sandbox import isolation
from assay.engine.uv_engine import UvEngine
from assay.launchers.interface import Handle, Start
from assay.launchers.local import LocalLauncher

SECONDS = 60  # that a build may take on a busy machine


def start(folder: Path) -> Handle:
    """Start the build of a folder."""
    env = {"PATH": os.environ["PATH"]}
    module = process.__name__
    return LocalLauncher().start(
        Start(module=module, argv=(str(folder),), cwd=str(folder), env=env, workdir=str(folder))
    )


@pytest.fixture
def handles() -> Iterator[list[Handle]]:
    """End what a failing test leaves."""
    started: list[Handle] = []
    yield started
    for one in started:
        LocalLauncher().stop(one)


def wait(handle: Handle) -> int | None:
    """Wait for the end and return the exit code."""
    deadline = time.monotonic() + SECONDS
    while LocalLauncher().status(handle).state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return LocalLauncher().status(handle).exit_code


def wait_for(text: str, file: Path) -> None:
    """Wait until a file contains a text."""
    deadline = time.monotonic() + SECONDS
    while not file.exists() or text not in file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_builds_of_the_same_libraries_at_once(bench: Bench, index: LocalIndex, handles: list[Handle]) -> None:
    """Both end with the same environment; a verification of it finds nothing."""
    index.add("apple", modules={"apple.py": "x = 1"})
    folders = [bench.workdir(bench.request("apple")) for _ in range(2)]
    handles += [start(folder) for folder in folders]
    assert [wait(one) for one in handles] == [0, 0]
    outcomes = [Outcome.from_dict(json.loads((one / "outcome.json").read_text())) for one in folders]
    assert outcomes[0].digest == outcomes[1].digest
    target = bench.folder(outcomes[0])
    check_sealed(target, str(outcomes[0].digest))
    verifying = bench.root / "verifying"
    verifying.mkdir()
    assert outcomes[0].report is not None
    job = {"prefix": str(target), "digest": outcomes[0].digest, "tree": outcomes[0].report["tree"]}
    (verifying / "rehash.json").write_text(json.dumps(job))
    assert wait(start(verifying)) == 0
    assert json.loads((verifying / "outcome.json").read_text())["clean"]
    assert [one.name for one in Path(bench.paths.environments).glob(".building-*")] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_an_ended_build_leaves_nothing_that_counts(
    bench: Bench, index: LocalIndex, handles: list[Handle], number: signal.Signals
) -> None:
    """Cancelled, it removes its files; killed with its supervisor, it runs no longer and nothing is visible."""
    wheel = index.add("slowly")
    index.misbehave[wheel.filename] = "slow"
    folder = bench.workdir(bench.request("slowly"))
    handles.append(start(folder))
    wait_for("installing", folder / "progress.json")
    if number == signal.SIGTERM:
        LocalLauncher().stop(handles[0])
        assert list(Path(bench.paths.environments).glob(".building-*")) == []
    else:
        os.kill(handles[0].pid, number)
        deadline = time.monotonic() + SECONDS
        while LocalLauncher().status(handles[0]).state == "running":
            assert time.monotonic() < deadline
    assert not (folder / "outcome.json").exists()
    assert bench.visible() == []


def test_an_environment_that_cannot_be_begun_is_not_there(bench: Bench) -> None:
    """What uv left of it is removed; the build tells of the failure when it links."""
    folder = bench.workdir(bench.request("apple"))
    job = json.loads((folder / "job.json").read_text())
    job["request"]["python_path"] = "/nowhere/python"
    prefix = Path(bench.paths.environments) / ".building-test"
    UvEngine().begin(process.build.Job.from_dict(job), prefix)
    assert not prefix.exists()


def test_facts_of_the_machine_are_asked_anew_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that disappears, another uv: what was true when the process was prepared is no longer used."""
    process.prepare()
    before = isolation.isolation()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isolation.isolation() == "none"
    monkeypatch.undo()
    assert isolation.isolation() == before
    other = tmp_path / "uv"
    other.write_text("#!/bin/sh\necho 'uv 99.1 (other)'\n")
    other.chmod(0o755)
    monkeypatch.setattr(uv, "binary", lambda: str(other))
    assert uv.version() == "99.1"
    replaced = tmp_path / "new"
    replaced.write_text("#!/bin/sh\necho 'uv 99.2 (other)'\n")
    replaced.chmod(0o755)
    replaced.replace(other)
    assert uv.version() == "99.2"
    other.unlink()
    process.prepare()  # the build tells that uv is missing
