"""A wall around what people run: the installation's own files are out of sight, environments read-only.

Notebooks and scripts run as the user who started Assay. Behind the wall they see the machine as before,
but of the installation's home only what they need: the environment cannot be changed through its hard
links, neither secrets, nor the database, nor other people's files are there, and no process outside can
be seen, through which they could be reached. It takes bubblewrap;
where that does not work, the command runs as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache

PROBE_SECONDS = 10
VISIBLE = ("bwrap", "--die-with-parent", "--dev-bind", "/", "/")
ALONE = (*VISIBLE, "--unshare-pid", "--proc", "/proc")


@lru_cache(maxsize=1)
def _wall() -> tuple[str, ...]:
    """Return the beginning of the strongest command that works on this machine, () when none does.

    Processes of their own come first: whoever sees a process outside could reach the files through it
    (`/proc/PID/root`) and read its variables. Some containers do not let anybody mount `/proc`; there the
    rest must do.
    """
    if not shutil.which("bwrap"):
        return ()
    return next((one for one in (ALONE, VISIBLE) if _works(one)), ())


def _works(wall: tuple[str, ...]) -> bool:
    try:
        probe = subprocess.run(
            [*wall, "--tmpfs", "/tmp", "/bin/true"],  # noqa: S108 - a probe of the machine's own program
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def wall_works() -> bool:
    """Say whether bubblewrap is there and works on this machine, with processes of its own."""
    return _wall() == ALONE


def walled(argv: list[str], *, home: str, readable: tuple[str, ...], writable: tuple[str, ...]) -> list[str]:
    """Return the command behind the wall: `home` is empty but for these places, which must exist."""
    wall = _wall()
    if not wall:
        return argv
    command = [*wall, "--tmpfs", os.path.realpath(home)]
    for option, places in (("--ro-bind", readable), ("--bind", writable)):
        for place in map(os.path.realpath, places):
            command += [option, place, place]
    return [*command, "--", *argv]
