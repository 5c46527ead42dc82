"""Running a command as a process tree that ends as a whole, and with its parent.

Kernels call setsid and servers have their own sessions, so a process group does not reach them; a subreaper
does. For Studio's prefix: standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from assay.launchers.supervisor import become_subreaper, die_with_parent, end_tree, kill_tree
from assay.studio.limits import ResourceLimits

if TYPE_CHECKING:
    from types import FrameType


def run_tree(command: list[str], *, grace: float, limits: ResourceLimits | None = None) -> int:
    """Run a command and return its exit code; after SIGTERM it has `grace` seconds to end."""
    limits = limits or ResourceLimits()
    become_parent()
    limits.set_affinity()
    return follow(start_child(command), grace=grace, limits=limits)


def become_parent() -> None:
    """Make this process the parent of its whole tree, which ends with its own parent."""
    become_subreaper()
    die_with_parent(signal.SIGTERM)


def start_child(command: list[str], *, passed: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
    """Start a command that ends with this process; it inherits the file descriptors `passed`."""
    return subprocess.Popen(command, preexec_fn=die_with_parent, pass_fds=passed)  # noqa: S603, PLW1509 - a trusted command; only prctl runs before exec


def follow(child: subprocess.Popen[bytes], *, grace: float, limits: ResourceLimits) -> int:
    """Enforce the limits of a started tree until its child ends; return the child's exit code."""

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        child.send_signal(signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: kill_tree(os.getpid()))
        signal.setitimer(signal.ITIMER_REAL, grace, 0.1)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    limits.watch(os.getpid())
    code = _wait(child.pid)
    limits.stop()
    signal.setitimer(signal.ITIMER_REAL, 0)
    end_tree(os.getpid())
    return code


def _wait(awaited: int) -> int:
    """Wait for a child, reaping its detached descendants; return its exit code as a shell does."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == awaited:
            return os.waitstatus_to_exitcode(status) % 256
