"""The room in which package code is tried: a sandbox around one environment, with limits on all that runs there."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assay.core.format_bytes import format_bytes
from assay.engine.interface import Job
from assay.engine.sandbox import isolation

MOST_PROCESSES = 400  # at the same time; importing starts a handful
MOST_MEMORY = 12 << 30  # bytes of all processes together
MOST_OUTPUT = 64 << 20  # bytes that are listened to
LOOK = 0.1  # seconds between two looks at the limits
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it went. `code` is None when it was ended for the reason in `broken`."""

    output: str
    errors: str
    code: int | None
    broken: str = ""


class Sandbox:
    """The sandbox around one environment."""

    def __init__(self, job: Job, prefix: Path, base_prefix: str, *, writable: tuple[str, ...] = ()) -> None:
        paths = job.paths
        home = str(Path(paths.environments).parent)
        Path(paths.overlays).mkdir(parents=True, exist_ok=True)
        self._writable = writable
        self._hidden = (home, paths.cache)
        self._visible = (
            *isolation.base_paths(base_prefix),
            *isolation.program_paths(),
            paths.overlays,
            str(prefix),
        )

    def run(self, argv: list[str], given: str, seconds: float) -> Ended:
        """Run confined until it ends, or breaks a limit: seconds, processes, memory."""
        process = subprocess.Popen(
            isolation.confined(argv, visible=self._visible, hidden=self._hidden, writable=self._writable),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=isolation.ENVIRONMENT,
            cwd="/tmp",  # noqa: S108 - private to the sandbox
        )
        heard = [_Listener(process.stdout), _Listener(process.stderr)]
        try:
            _give(process, given)
            broken = _watch(process, seconds)
        finally:
            if process.poll() is None:
                process.kill()  # the sandbox's first process: all others end with it
            code = process.wait()
        output, errors = (one.text() for one in heard)
        return Ended(output=output, errors=errors[-2000:], code=None if broken else code, broken=broken)


class _Listener(threading.Thread):
    """Reads a stream to its end and keeps its beginning."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._kept = stream, bytearray()
        self.start()

    def run(self) -> None:
        """Read."""
        if self._stream is None:
            return
        with self._stream:
            while piece := os.read(self._stream.fileno(), 1 << 16):
                if len(self._kept) < MOST_OUTPUT:
                    self._kept += piece

    def text(self) -> str:
        """Return what was read once all has ended; who still holds the stream is not waited for."""
        self.join(2.0)
        return self._kept.decode(errors="replace")


def _give(process: subprocess.Popen[bytes], given: str) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(given.encode())


def _watch(process: subprocess.Popen[bytes], seconds: float) -> str:
    """Wait for the end; return '' or the limit that was broken."""
    for _ in range(int(seconds / LOOK)):
        try:
            process.wait(LOOK)
        except subprocess.TimeoutExpired:
            count, memory = usage(process.pid)
            if count > MOST_PROCESSES:
                return f"it started more than {MOST_PROCESSES} processes"
            if memory > MOST_MEMORY:
                return f"it used more than {format_bytes(MOST_MEMORY)} of memory"
        else:
            return ""
    return f"it took longer than {seconds:.0f} s"


def usage(root: int) -> tuple[int, int]:
    """Return the number of a process' descendants, and the bytes of memory that they use together."""
    parents: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                fields = Path(f"/proc/{entry.name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            resident[int(entry.name)] = int(fields[21]) * PAGE
    ring, count, memory = [root], 0, 0
    while ring:
        children = parents.get(ring.pop(), [])
        count += len(children)
        memory += sum(resident[child] for child in children)
        ring += children
    return count, memory
