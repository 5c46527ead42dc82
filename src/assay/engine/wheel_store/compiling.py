"""Compiling sources in a pool of sandboxed processes of the environment's own Python, one per processor.

The processes see the sources and can write nothing: they send the compiled files, and we write them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from assay.engine.interface import ResolveRequest
from assay.engine.sandbox import isolation

CORES = max(1, min(8, os.cpu_count() or 1))
COMPILE_SECONDS = 900.0  # for all files together; 43,000 take about 40 on two cores
BATCH, BATCH_FILES = 256 << 10, 64  # bytes and number of sources that a process gets at once
PIPE = 1 << 20  # bytes that a process can send ahead
MAX_COMPILED = 512 << 20  # bytes of one compiled file
SCRIPT = Path(__file__).with_name("compile_worker.py")
Row = tuple[int, str]  # size in bytes, SHA-256


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source below `tree`, its path there, its size in bytes, and the path of its compiled file."""

    tree: str
    path: str
    size: int
    compiled: str


class Compiler:
    """A pool of processes that compile sources below `folder`; they end with the `with` block."""

    def __init__(self, request: ResolveRequest, folder: Path, hidden: Path, log_line: Callable[[str], None]) -> None:
        self._argv = isolation.confined(
            [request.python_path, "-I", "-S", str(SCRIPT)],
            visible=(
                *isolation.base_paths(str(Path(request.python_path).parents[1])),
                *isolation.program_paths(),
                str(folder),
            ),
            hidden=(str(hidden),),
        )
        self._log = log_line
        self._pool = ThreadPoolExecutor(CORES, thread_name_prefix="compile")
        self._own = threading.local()  # the process of each thread
        self._processes: list[subprocess.Popen[bytes]] = []
        self._expired = threading.Event()
        self._watchdog = threading.Timer(COMPILE_SECONDS, self._expire)
        self._watchdog.daemon = True

    def __enter__(self) -> Self:
        self._watchdog.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._watchdog.cancel()
        if error is not None:
            self._expired.set()
            self._end()
        self._pool.shutdown(cancel_futures=error is not None)
        self._end()

    def compile(self, sources: Sequence[Source]) -> list[Future[list[tuple[Source, Row]]]]:
        """Compile sources, the largest first; each result has the compiled files that were written."""
        return [self._pool.submit(self._compile, batch) for batch in _batches(sources)]

    def _compile(self, batch: Sequence[Source]) -> list[tuple[Source, Row]]:
        """Compile and write a batch. A source that ends its process is left as it is; the next has a new process."""
        written = []
        pending = list(batch)
        while pending and not self._expired.is_set():
            process = self._process()
            _send(process.stdin, pending)
            for source in list(pending):
                content = _receive(process.stdout)
                if content is None:
                    break
                pending.remove(source)
                if content:
                    written.append((source, _write(source, content)))
            if pending:
                pending.pop(0)
                self._discard(process)
        return written

    def _process(self) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] | None = getattr(self._own, "process", None)
        if process is None:
            process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=isolation.ENVIRONMENT,
                cwd="/",
            )
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):  # a machine may allow less
                        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE)
            self._own.process = process
            self._processes.append(process)
        return process

    def _discard(self, process: subprocess.Popen[bytes]) -> None:
        _end(process)
        self._own.process = None

    def _expire(self) -> None:
        self._expired.set()
        self._log("Compiling took too long; Python compiles the remaining files at each start.")
        self._end()

    def _end(self) -> None:
        for process in self._processes:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the first process of a sandbox: all others are killed with it."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):  # what was not sent is lost, and a thread may be reading
                stream.close()


def _batches(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Yield the sources in batches, the largest first."""
    batch: list[Source] = []
    size = 0
    for source in sorted(sources, key=lambda one: one.size, reverse=True):
        batch.append(source)
        size += source.size
        if size >= BATCH or len(batch) >= BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _send(stream: IO[bytes] | None, sources: Sequence[Source]) -> None:
    lines = "".join(json.dumps([f"{one.tree}/{one.path}", one.path]) + "\n" for one in sources)
    with contextlib.suppress(OSError):  # it has ended: nothing comes back
        if stream is not None:
            stream.write(lines.encode())
            stream.flush()


def _receive(stream: IO[bytes] | None) -> bytes | None:
    """Return the next compiled file, b'' if its source does not compile, None when the process has ended."""
    head = stream.read(8) if stream is not None else b""
    if stream is None or len(head) < 8:  # noqa: PLR2004 - the length
        return None
    (length,) = struct.unpack("<Q", head)
    content = stream.read(length) if length <= MAX_COMPILED else b""
    return content if len(content) == length else None


def _write(source: Source, content: bytes) -> Row:
    """Write a compiled file, read-only; one that the wheel brought is replaced."""
    path = f"{source.tree}/{source.compiled}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        file = os.open(path, flags, 0o444)
    except FileNotFoundError:
        os.makedirs(path.rpartition("/")[0], exist_ok=True)  # noqa: PTH103 - in a loop over thousands
        file = os.open(path, flags, 0o444)
    except FileExistsError:
        os.unlink(path)  # noqa: PTH108 - as above
        file = os.open(path, flags, 0o444)
    with os.fdopen(file, "wb", buffering=0) as target:
        target.write(content)
        os.fchmod(file, 0o444)
    return len(content), hashlib.sha256(content).hexdigest()
