"""Runs one command so that everything it ever starts ends with it, and it ends with whoever started us.

Kernels call setsid and servers get sessions of their own, so no process group reaches them; a subreaper
does. For Studio's prefix: standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from assay.launchers.supervisor import become_subreaper, die_with_parent, end_tree, kill_tree
from assay.studio.limits import Room

if TYPE_CHECKING:
    from types import FrameType


def run_tree(command: list[str], *, grace: float, room: Room | None = None) -> int:
    """Run a command to its end and return its exit code; told to end, it gets `grace` seconds."""
    room = room or Room()
    become_subreaper()
    die_with_parent(signal.SIGTERM)
    room.enter()
    child = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - our own command; only prctl runs in between

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        child.send_signal(signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: kill_tree(os.getpid()))
        signal.setitimer(signal.ITIMER_REAL, grace, 0.1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    room.watch(os.getpid())
    code = _wait(child.pid)
    room.leave()
    signal.setitimer(signal.ITIMER_REAL, 0)
    end_tree(os.getpid())
    return code


def _wait(awaited: int) -> int:
    """Wait for a child, reaping whatever detached from it meanwhile; return its shell exit code."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == awaited:
            return os.waitstatus_to_exitcode(status) % 256
