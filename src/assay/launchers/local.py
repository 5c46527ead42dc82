"""The launcher for this machine: each process has a supervisor of its own, without a broker."""

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

WORKDIR_VARIABLE = "ASSAY_PROCESS"  # holds the working directory in the environment of every started process
KILL_SECONDS = 2.0  # that ending a whole tree with SIGKILL takes at most
_supervisors: list[subprocess.Popen[bytes]] = []  # started by this process, to be reaped when they end


def reap() -> None:
    """Reap the supervisors of this process that have ended, so that no zombie remains."""
    _supervisors[:] = [child for child in _supervisors if child.poll() is None]


class LocalLauncher:
    """Starts processes on this machine."""

    def start(self, start: Start) -> Handle:
        """Start a process under its own supervisor."""
        reap()
        workdir = Path(start.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        env = {**start.env, WORKDIR_VARIABLE: start.workdir}
        content = asdict(start) | {"env": env, "secrets": sorted(start.secrets)}
        (workdir / "start.json").write_text(json.dumps(content))
        child = _supervise(start.workdir, start.secrets)
        _supervisors.append(child)
        return Handle(
            kind="local",
            workdir=start.workdir,
            pid=child.pid,
            started=supervisor.start_time(child.pid),
        )

    def find(self, workdir: str) -> Handle | None:
        """Return the process of a directory, None when there is none or it is lost."""
        found = _read(Path(workdir) / "handle.json")
        if found is None:
            return None
        handle = Handle(kind="local", workdir=workdir, pid=found["pid"], started=found["started"])
        return None if self.status(handle).state == "lost" else handle

    def status(self, handle: Handle) -> Status:
        """Return the status. Kills what a lost process left first, so that nothing of it keeps running."""
        reap()
        running = _alive(handle)  # before reading the file: it may end in between
        ended = _read(Path(handle.workdir) / "status.json")
        if ended is not None:
            return Status(state="exited", **ended)
        if running:
            return Status(state="running")
        self.kill_leftovers(handle.workdir)
        return Status(state="lost")

    def terminate(self, handle: Handle) -> None:
        """Send SIGTERM and return at once. A second call does nothing."""
        sent = Path(handle.workdir) / "asked"
        if not sent.exists():
            _signal(handle, signal.SIGTERM)
            sent.touch()

    def stop(self, handle: Handle, *, grace: float = 0.8) -> None:
        """Stop it and every process it started, and wait until none is left."""
        # The supervisor sends SIGTERM to its tree at the first SIGTERM, and SIGKILL at the second.
        for number, seconds in (
            (signal.SIGTERM, grace),
            (signal.SIGTERM, KILL_SECONDS),
            (signal.SIGKILL, KILL_SECONDS),
        ):
            _signal(handle, number)
            if _ended_within(handle, seconds):
                return
        self.kill_leftovers(handle.workdir)

    def kill_leftovers(self, workdir: str) -> None:
        """Kill what a killed supervisor left: every process with the working directory in its environment."""
        variable = f"{WORKDIR_VARIABLE}={workdir}\0".encode()
        for directory in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if variable in (directory / "environ").read_bytes() + b"\0":
                    os.kill(int(directory.name), signal.SIGKILL)


def _supervise(workdir: str, secrets: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a supervisor and send it the secrets through a pipe, since no file may contain them.

    It inherits SIGTERM blocked, so that an early SIGTERM stays pending until the supervisor can handle it.
    """
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
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
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(json.dumps(secrets).encode())
    return child


def _signal(handle: Handle, number: signal.Signals) -> None:
    if _alive(handle):
        with contextlib.suppress(ProcessLookupError):
            os.kill(handle.pid, number)


def _ended_within(handle: Handle, seconds: float) -> bool:
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
