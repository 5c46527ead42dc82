"""Wake the worker on the same machine: who queues work writes a byte to a pipe, on which the worker waits.

On another machine the worker finds the queued row at its next look at the database.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress
from pathlib import Path

from django.db import transaction

from assay.flow.paths import home


def wake_worker() -> None:
    """Wake the worker when the transaction commits."""
    transaction.on_commit(_wake)


def _wake() -> None:
    try:
        pipe = os.open(_path(), os.O_WRONLY | os.O_NONBLOCK)
    except OSError:  # no worker waits on this machine
        return
    with suppress(BlockingIOError):  # the pipe is full: the worker wakes up anyway
        os.write(pipe, b".")
    os.close(pipe)


class WakeUps:
    """The worker's end of the pipe."""

    def __init__(self) -> None:
        path = _path()
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def wait(self, seconds: float) -> bool:
        """Wait for a wake-up, at most so long. Return whether there was one."""
        ready, _, _ = select.select([self._pipe], [], [], seconds)
        if ready:
            os.read(self._pipe, 65_536)
        return bool(ready)

    def end_wait(self) -> None:
        """End the present or next wait; a signal handler may call this."""
        with suppress(BlockingIOError):
            os.write(self._pipe, b".")

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._pipe)


def _path() -> Path:
    return home() / "tmp" / "wakeup.pipe"


def pipe() -> str:
    """Return the path at which writing a byte wakes the worker."""
    return str(_path())
