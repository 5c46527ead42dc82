"""Wake the worker on the same machine: queueing work touches a file, whose change makes the worker poll at once.

On another machine the worker finds the queued row at its next regular poll.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.db import transaction

from assay.flow.paths import home


def wake_worker() -> None:
    """Wake the worker when the transaction commits."""
    transaction.on_commit(_touch)


def _touch() -> None:
    _path().parent.mkdir(exist_ok=True)
    _path().touch()
    os.utime(_path())


def last_wake() -> int:
    """Return a number that changes with each wake-up; reading it takes microseconds."""
    try:
        return _path().stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _path() -> Path:
    return home() / "tmp" / "wakeup"


def pipe() -> str:
    """Return the path at which writing a byte wakes the worker."""
    return str(_path())
