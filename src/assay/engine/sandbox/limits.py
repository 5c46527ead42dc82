"""The sandbox of one environment: runs commands with limits on time, processes, memory and output."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assay.core.formatting import format_memory
from assay.engine.interface import Job
from assay.engine.interpreters import find_base
from assay.engine.sandbox import isolation

MAX_PROCESSES = 400  # at the same time; importing starts a handful
MAX_MEMORY = 12 << 30  # bytes of all processes together
MAX_OUTPUT = 64 << 20  # bytes of each stream that are read; the rest is discarded
MAX_LINE = 64 << 10  # bytes of one line that is passed on
POLL_SECONDS = 0.1  # between two checks of the limits
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The result of a command. `code` is None when it exceeded a limit, which `exceeded` names."""

    output: str
    errors: str
    code: int | None
    exceeded: str = ""


class Sandbox:
    """The sandbox of one environment."""

    def __init__(self, job: Job, prefix: Path, *, writable: tuple[str, ...] = ()) -> None:
        paths = job.paths
        home = str(Path(paths.environments).parent)
        Path(paths.overlays).mkdir(parents=True, exist_ok=True)
        self._writable = writable
        self._hidden = (home, paths.cache)
        self._python = job.request.python_path
        self._shown = (*isolation.program_paths(), paths.overlays, str(prefix))

    def run(
        self,
        argv: list[str],
        stdin: str,
        seconds: float,
        *,
        memory: int | None = None,
        on_error_line: Callable[[str], None] | None = None,
    ) -> Ended:
        """Run a command in the sandbox until it ends or exceeds a limit: seconds, processes, memory in bytes.

        `on_error_line` receives each line of standard error as it is written.
        """
        process = subprocess.Popen(
            isolation.confined(
                argv,
                visible=(*isolation.base_paths(find_base(self._python)), *self._shown),
                hidden=self._hidden,
                writable=self._writable,
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=isolation.ENVIRONMENT,
            cwd="/tmp",  # noqa: S108 - private to the sandbox
        )
        streams = [_StreamReader(process.stdout), _StreamReader(process.stderr, on_error_line)]
        try:
            _write_stdin(process, stdin)
            exceeded = _watch(process, seconds, memory or MAX_MEMORY)
        finally:
            if process.poll() is None:
                process.kill()  # the sandbox's first process: all others are killed with it
            code = process.wait()
        output, errors = (one.text() for one in streams)
        return Ended(output=output, errors=errors[-2000:], code=None if exceeded else code, exceeded=exceeded)


class _StreamReader(threading.Thread):
    """Reads a stream to its end and keeps its first bytes."""

    def __init__(self, stream: IO[bytes] | None, on_line: Callable[[str], None] | None = None) -> None:
        super().__init__(daemon=True)
        self._stream, self._kept = stream, bytearray()
        self._on_line, self._line = on_line, bytearray()
        self.start()

    def run(self) -> None:
        """Read the stream to its end."""
        if self._stream is None:
            return
        with self._stream:
            while chunk := os.read(self._stream.fileno(), 1 << 16):
                if len(self._kept) < MAX_OUTPUT:
                    self._kept += chunk
                    self._pass_on(chunk)
        if self._line:
            self._pass_on(b"\n")

    def _pass_on(self, chunk: bytes) -> None:
        """Call back with each complete line; one without an end is cut."""
        if self._on_line is None:
            return
        self._line += chunk
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest if len(rest) < MAX_LINE else b"")
        for line in lines if len(rest) < MAX_LINE else [*lines, rest]:
            self._on_line(line.decode(errors="replace").rstrip("\r"))

    def text(self) -> str:
        """Return what was read. Waits at most 2 s for processes that keep the stream open."""
        self.join(2.0)
        return self._kept.decode(errors="replace")


def _write_stdin(process: subprocess.Popen[bytes], text: str) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(text.encode())


def _watch(process: subprocess.Popen[bytes], seconds: float, most_memory: int) -> str:
    """Wait for the end; return '' or the exceeded limit."""
    for _ in range(int(seconds / POLL_SECONDS)):
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            count, memory = usage(process.pid)
            if count > MAX_PROCESSES:
                return f"it started more than {MAX_PROCESSES} processes"
            if memory > most_memory:
                return f"it used more than {format_memory(most_memory)} of memory"
        else:
            return ""
    return f"it took longer than {seconds:.0f} s"


def usage(root: int) -> tuple[int, int]:
    """Return the number of descendants of a process, and the bytes of memory that they use together."""
    parents: dict[int, list[int]] = {}
    resident: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                fields = Path(f"/proc/{entry.name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended in the meantime
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            resident[int(entry.name)] = int(fields[21]) * PAGE
    pending, count, memory = [root], 0, 0
    while pending:
        children = parents.get(pending.pop(), [])
        count += len(children)
        memory += sum(resident[child] for child in children)
        pending += children
    return count, memory
