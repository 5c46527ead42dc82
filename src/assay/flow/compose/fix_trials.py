"""Trials of candidates for a conflict: a few resolutions at a time, each result as soon as it is there."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from tempfile import mkdtemp

from assay.core.conflicts.fixes import Candidate, wanted
from assay.core.errors import AssayError
from assay.core.lock import Lock
from assay.engine.engines import engine_of
from assay.engine.interface import Credentials, ResolveRequest
from assay.flow.paths import engine_paths, installed_interpreter

SECONDS = 10.0  # for all candidates together; one that is not resolved by then is not offered
SLOW_SECONDS = 4.0  # a trial that takes longer gives way to those that wait
CHECK_SECONDS = 0.1  # between looks at whether the search is still wanted
MAX_CONCURRENT = 2  # of one search; the author's next preview needs CPU too
MAX_IN_PROCESS = 4  # of all searches in this process
Wanted = Callable[[Candidate, Collection[Candidate]], bool]
_slots = threading.BoundedSemaphore(MAX_IN_PROCESS)


class Trials:
    """The running resolutions of one search. `end` kills them; one that starts afterwards is killed at once."""

    def __init__(self, request: ResolveRequest, credentials: Credentials, folder: Path) -> None:
        self._request, self._credentials, self._folder = request, credentials, folder
        self._started: dict[Popen[str], float] = {}
        self._ended = False

    def run(
        self, candidates: Sequence[Candidate], cancelled: Callable[[], bool], wanted: Wanted = wanted
    ) -> Iterator[tuple[Candidate, Lock]]:
        """Yield the candidates that resolve, as they do. Ends early when `cancelled`, and at the limit of time.

        `wanted` tells whether one is worth a trial, given those that resolved. Trials run once.
        """
        waiting, found = list(candidates), list[Candidate]()
        running: dict[Future[Lock], Candidate] = {}
        until = time.monotonic() + SECONDS
        with ThreadPoolExecutor(MAX_CONCURRENT) as pool:
            try:
                while (waiting or running) and time.monotonic() < until and not cancelled():
                    while waiting and len(running) < MAX_CONCURRENT:
                        candidate = waiting.pop(0)
                        if wanted(candidate, found):
                            running[pool.submit(self.resolve, self.request_of(candidate))] = candidate
                    done, _ = wait(running, timeout=CHECK_SECONDS, return_when=FIRST_COMPLETED)
                    for one in done:
                        candidate = running.pop(one)
                        if one.exception() is None and wanted(candidate, found):
                            found.append(candidate)
                            yield candidate, one.result()
                    if waiting:
                        self._end_slow()
            finally:
                self.end()

    def request_of(self, candidate: Candidate) -> ResolveRequest:
        """Return the request with the lines or the Python of a candidate."""
        changed = replace(self._request, libraries=tuple(line for line in candidate.libraries if line))
        if candidate.constraints is not None:
            changed = replace(changed, constraints=candidate.constraints)
        if candidate.python is None:
            return changed
        return replace(changed, python=candidate.python, python_path=installed_interpreter(candidate.python).path)

    def resolve(self, request: ResolveRequest) -> Lock:
        """Resolve one request. Raises AssayError when it fails or was ended."""
        with _slots:
            if self._ended:
                raise AssayError("The search has ended.")
            workdir = mkdtemp(dir=self._folder)
            try:
                return (
                    engine_of(request)
                    .preview(
                        request,
                        paths=engine_paths(),
                        workdir=workdir,
                        started=self._start,
                        credentials=self._credentials,
                    )
                    .lock
                )
            finally:
                shutil.rmtree(workdir, ignore_errors=True)

    def end(self) -> None:
        """Kill what runs."""
        self._ended = True
        for process in list(self._started):
            _kill(process)

    def _start(self, process: Popen[str]) -> None:
        self._started[process] = time.monotonic()
        if self._ended:
            _kill(process)

    def _end_slow(self) -> None:
        for process, began in list(self._started.items()):
            if time.monotonic() - began > SLOW_SECONDS:
                _kill(process)


def _kill(process: Popen[str]) -> None:
    with contextlib.suppress(OSError):
        if process.poll() is None:
            process.kill()
