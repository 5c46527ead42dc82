"""The launcher for this machine: each process has a supervisor of its own, without a broker."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

from assay.launchers import prepared, supervisor
from assay.launchers.interface import Handle, Start, Status

WORKDIR_VARIABLE = "ASSAY_PROCESS"  # holds the working directory in the environment of every started process
KILL_SECONDS = 2.0  # that ending a whole tree with SIGKILL takes at most


class LocalLauncher:
    """Starts processes on this machine."""

    def start(self, start: Start) -> Handle:
        """Start a process under its own supervisor."""
        workdir = Path(start.workdir)
        workdir.mkdir(parents=True, exist_ok=True)
        env = {**start.env, WORKDIR_VARIABLE: start.workdir}
        content = asdict(start) | {"env": env, "secrets": sorted(start.secrets)}
        (workdir / "start.json").write_text(json.dumps(content))
        pid = _supervisors_of(start.module).start(start.workdir, start.secrets)
        return Handle(kind="local", workdir=start.workdir, pid=pid, started=supervisor.start_time(pid))

    def find(self, workdir: str) -> Handle | None:
        """Return the process of a directory, None when there is none or it is lost."""
        found = _read(Path(workdir) / "handle.json")
        if found is None:
            return None
        handle = Handle(kind="local", workdir=workdir, pid=found["pid"], started=found["started"])
        return None if self.status(handle).state == "lost" else handle

    def status(self, handle: Handle) -> Status:
        """Return the status. Kills what a lost process left first, so that nothing of it keeps running."""
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


class _Supervisors:
    """A process that forks supervisors for this one; started at the first request, again if it was killed.

    With a module, it has imported that, for the processes that the supervisors fork; it ends when it is not used.
    """

    def __init__(self, module: str = "") -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: BinaryIO = io.BytesIO()

    def start(self, workdir: str, secrets: dict[str, str]) -> int:
        """Start a supervisor and return its pid. Secrets go through a socket, since no file may contain them."""
        request = json.dumps({"workdir": workdir, "secrets": secrets}).encode() + b"\n"
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._begin()
            try:
                self._send(request)
            except BrokenPipeError:  # it has just ended, since it was not used
                self._begin()
                self._send(request)
            return int(self._channel.readline())

    def _send(self, request: bytes) -> None:
        self._channel.write(request)
        self._channel.flush()

    def end(self) -> None:
        """Let the process end; its supervisors go on."""
        with contextlib.suppress(OSError):  # it has ended, with a request that was not sent
            self._channel.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)

    def _begin(self) -> None:
        self.end()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(
                self._argv(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={"LANG": "C.UTF-8"} | (_paths() if self._module else {}),
            )
            self._channel = cast("BinaryIO", ours.makefile("rwb"))

    def _argv(self) -> list[str]:
        if not self._module:
            return [sys.executable, "-I", "-S", supervisor.__file__]
        return [sys.executable, "-P", "-m", prepared.__name__, self._module]


def _paths() -> dict[str, str]:
    """Return the variables that a Python needs to import what this one can, and to find programs."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


_supervisors: dict[str, _Supervisors] = {}  # by module
os.register_at_fork(after_in_child=_supervisors.clear)  # a fork starts its own


def _supervisors_of(module: str) -> _Supervisors:
    return _supervisors.setdefault(module, _Supervisors(module))  # one that is not used has not begun


@atexit.register
def _end_supervisors() -> None:
    for one in _supervisors.values():
        one.end()


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
    return True


def _alive(handle: Handle) -> bool:
    return bool(handle.started) and supervisor.start_time(handle.pid) == handle.started


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # ValueError: its machine lost power while it was written
        return None
    return found
