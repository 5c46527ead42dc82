"""`python -m assay.studio.server ARGUMENTS`: one notebook server and its kernels as one tree.

The Hub calls this in place of `jupyterhub-singleuser`.
"""

from __future__ import annotations

import os
import sys

from assay.launchers.wall import walled
from assay.studio.tree import run_tree

GRACE = 2.0  # seconds that the server gets to end by itself; it can ignore SIGTERM after a failed kernel
OPTIONS = (
    "--ServerApp.terminals_enabled=True",
    "--KernelSpecManager.ensure_native_kernel=False",
    "--KernelSpecManager.allowed_kernelspecs=python3",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.collaborative=False",
    "--LabApp.extension_manager=readonly",  # extensions would be written into the prefix that all share
)


def command(arguments: list[str]) -> list[str]:
    """Return the command of a notebook server that offers exactly one kernel."""
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return [sys.executable, "-m", "jupyterhub.singleuser", *arguments, *OPTIONS, *root]


def behind_wall(argv: list[str]) -> list[str]:
    """Return the command with all of Assay's home hidden but the environments and the person's own files."""
    home = os.environ.pop("ASSAY_WALL", "")
    if not home:
        return argv
    readable = [f"{home}/environments", f"{home}/overlays", os.environ["JUPYTER_PATH"]]
    return walled(
        argv,
        home=home,
        readable=tuple(one for one in readable if os.path.isdir(one)),  # noqa: PTH112 - pathlib costs start-up time
        writable=(os.environ["HOME"],),
    )


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)  # it led to this module; kernels must not find our code by it
    sys.exit(run_tree(behind_wall(command(sys.argv[1:])), grace=GRACE))
