"""Starts one notebook server and ends its whole tree with it: kernels too, which detach themselves.

`python -m assay.studio.server ARGUMENTS`, in place of `jupyterhub-singleuser`. Kernels call setsid, so a
process group does not reach them; a subreaper does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from assay.launchers.supervisor import become_subreaper, die_with_parent, end_tree

if TYPE_CHECKING:
    from types import FrameType

GRACE = 2.0  # seconds that the server gets to end by itself
OPTIONS = (
    "--ServerApp.terminals_enabled=True",
    "--KernelSpecManager.ensure_native_kernel=False",
    "--KernelSpecManager.allowed_kernelspecs=python3",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.collaborative=False",
    "--LabApp.extension_manager=readonly",  # extensions would be written into the prefix that all share
)


def main(arguments: list[str]) -> int:
    """Run the server until it ends or we are told to end it."""
    become_subreaper()
    extra = ["--allow-root"] if os.geteuid() == 0 else []
    os.environ.pop("PYTHONPATH", None)  # it led to this module; kernels must not find our code by it
    command = [sys.executable, "-m", "jupyterhub.singleuser", *arguments, *OPTIONS, *extra]
    server = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - our own command; only prctl runs in between

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        server.terminate()
        signal.signal(signal.SIGALRM, lambda *_: end_tree(os.getpid()))
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = _wait(server)
    end_tree(os.getpid())
    return code


def _wait(server: subprocess.Popen[bytes]) -> int:
    """Wait for the server, reaping whatever detached from it meanwhile."""
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return 1
        if pid == server.pid:
            return os.waitstatus_to_exitcode(status) % 256
        time.sleep(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
