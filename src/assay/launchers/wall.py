"""A wall around what people run: the installation's own files are out of sight, environments read-only.

Notebooks and scripts run as the user who started Assay. Behind the wall they see the machine as before,
but of the installation's home only what they need: the environment cannot be changed through its hard
links, and neither secrets, nor the database, nor other people's files are there. It takes bubblewrap;
where that does not work, the command runs as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache

PROBE_SECONDS = 10


@lru_cache(maxsize=1)
def wall_works() -> bool:
    """Say whether bubblewrap is there and works on this machine."""
    if not shutil.which("bwrap"):
        return False
    try:
        probe = subprocess.run(
            ["bwrap", "--dev-bind", "/", "/", "--unshare-pid", "--proc", "/proc", "--tmpfs", "/tmp", "/bin/true"],  # noqa: S108, S607 - a probe of the machine's own program
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def walled(
    argv: list[str], *, home: str, readable: tuple[str, ...], writable: tuple[str, ...], alone: bool = False
) -> list[str]:
    """Return the command behind the wall: `home` is empty but for these places, which must exist.

    `alone`, it sees no processes but its own, whose variables would else be there to read.
    """
    if not wall_works():
        return argv
    command = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", os.path.realpath(home)]
    if alone:
        command += ["--unshare-pid", "--proc", "/proc"]
    for option, places in (("--ro-bind", readable), ("--bind", writable)):
        for place in map(os.path.realpath, places):
            command += [option, place, place]
    return [*command, "--", *argv]
