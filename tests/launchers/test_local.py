"""A started process outlives whoever started it, can be read after any restart, and ends as a whole."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from assay.launchers import supervisor
from assay.launchers.interface import Handle, Start, Status
from assay.launchers.local import LocalLauncher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 10  # seconds until what a test waits for must have happened

# A process that ignores SIGTERM and has children that detach in both usual ways.
STUBBORN_TREE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def note():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    os.setsid()
    note()
    time.sleep(600)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        note()
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def eventually[Seen](look: Callable[[], Seen], seconds: float = PATIENCE) -> Seen:
    """Return the first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found
