"""Processes on this machine: one supervisor each, no broker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.launchers import supervisor
from assay.launchers.interface import Handle, Start, Status

MARK = "ASSAY_PROCESS"  # names the working directory in the environment of everything that was started
INSIST = 2.0  # seconds that the end of a whole tree takes at most, once it is forced
_ours: list[subprocess.Popen[bytes]] = []  # supervisors started here, to be reaped when they end


def reap() -> None:
    """Collect supervisors that were started here and have ended, so that no zombie stays."""
    _ours[:] = [child for child in _ours if child.poll() is None]


class LocalLauncher:
    """Starts processes on this machine."""

    def start(self, start: Start) -> Handle:
        """Start a process under a supervisor of its own."""
        reap()
        workdir = Path(start.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        wanted = asdict(start) | {"env": {**start.env, MARK: start.workdir}, "secrets": sorted(start.secrets)}
        (workdir / "start.json").write_text(json.dumps(wanted))
        child = _supervise(start.workdir, start.secrets)
        _ours.append(child)
        return Handle(
            kind="local",
            workdir=start.workdir,
            pid=child.pid,
            started=supervisor.start_time(child.pid),
        )

    def find(self, workdir: str) -> Handle | None:
        """Return what was started for a directory, unless nothing was or it is lost."""
        seen = _read(Path(workdir) / "handle.json")
        if seen is None:
            return None
        handle = Handle(kind="local", workdir=workdir, pid=seen["pid"], started=seen["started"])
        return None if self.status(handle).state == "lost" else handle

    def status(self, handle: Handle) -> Status:
        """Say how it is. What is lost is cleared away first, so that nothing of it runs on."""
        reap()
        running = _alive(handle)  # asked before the file: it may end in between
        seen = _read(Path(handle.workdir) / "status.json")
        if seen is not None:
            return Status(state="exited", **seen)
        if running:
            return Status(state="running")
        self.clear(handle.workdir)
        return Status(state="lost")

    def ask(self, handle: Handle) -> None:
        """Ask it to end and return at once. Asking again changes nothing."""
        asked = Path(handle.workdir) / "asked"
        if not asked.exists():
            _signal(handle, signal.SIGTERM)
            asked.touch()

    def stop(self, handle: Handle, *, grace: float = 0.8) -> None:
        """End it and every process it made, and wait until nothing is left."""
        # The supervisor asks at the first SIGTERM and insists at the second; then it is itself in the way.
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGTERM, INSIST), (signal.SIGKILL, INSIST)):
            _signal(handle, number)
            if _gone_within(handle, patience):
                return
        self.clear(handle.workdir)

    def clear(self, workdir: str) -> None:
        """End what a killed supervisor left: every process whose environment carries the mark."""
        mark = f"{MARK}={workdir}\0".encode()
        for directory in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (directory / "environ").read_bytes() + b"\0":
                    os.kill(int(directory.name), signal.SIGKILL)


def _supervise(workdir: str, secrets: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a supervisor and hand it the secrets, which no file keeps.

    It inherits SIGTERM blocked, so that a stop waits until it can be obeyed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", supervisor.__file__, workdir],
            stdin=subprocess.PIPE if secrets else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env={"LANG": "C.UTF-8"},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(json.dumps(secrets).encode())
    return child


def _signal(handle: Handle, number: signal.Signals) -> None:
    if _alive(handle):
        with contextlib.suppress(ProcessLookupError):
            os.kill(handle.pid, number)


def _gone_within(handle: Handle, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(handle):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.005)
        reap()
    return True


def _alive(handle: Handle) -> bool:
    return bool(handle.started) and supervisor.start_time(handle.pid) == handle.started


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return found
