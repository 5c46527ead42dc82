"""A process of low priority beside the worker, for long work: one at a time; after a failure, not for a minute."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time

from assay.launchers.supervisor import die_with_parent

log = logging.getLogger("assay.worker")
NICENESS = 10  # builds and pages go first
RETRY_SECONDS = 60.0  # to wait after a failure, e.g. a full disk


class LowPriorityProcess:
    """Runs a module; `failed` says what was not done when it ends with an error.

    It ends with the worker, whose next start finds the same work again.
    """

    def __init__(self, module: str, *, failed: str) -> None:
        self._module, self._failed = module, failed
        self._process: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0

    def is_running(self) -> bool:
        """Return whether the process that was started last still runs."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code:
            log.warning("%s (exit code %d); its log is above", self._failed, code)
            self._not_before = time.monotonic() + RETRY_SECONDS
        if code is not None:
            self._process = None
        return code is None

    def is_free(self) -> bool:
        """Return whether one can be started now."""
        return not self.is_running() and time.monotonic() >= self._not_before

    def start(self, *arguments: str) -> None:
        """Start it with arguments."""
        self._process = _start([sys.executable, "-m", self._module, *arguments])


def _start(argv: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=_begin)  # noqa: S603, PLW1509 - our own; two calls


def _begin() -> None:
    die_with_parent(signal.SIGTERM)
    os.nice(NICENESS)
