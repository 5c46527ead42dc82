"""Isolation of what people run: the installation's own files are hidden, environments are read-only.

Notebooks and scripts run as the user who started Assay. Isolated, they see the machine as before, but of the
installation's home only the directories that they need. They cannot change an environment through its hard links;
secrets, the database and other people's files are hidden; and they see no process outside, through which they could
reach them. This takes bubblewrap; where it does not work, commands run without isolation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache

PROBE_SECONDS = 10
SHARED_PROCESSES = ("bwrap", "--die-with-parent", "--dev-bind", "/", "/")
OWN_PROCESSES = (*SHARED_PROCESSES, "--unshare-pid", "--proc", "/proc")


@lru_cache(maxsize=1)
def _bubblewrap() -> tuple[str, ...]:
    """Return the beginning of the strongest command that works on this machine, () when none works.

    A process namespace of its own is stronger: code that sees an outside process could reach files through it
    (`/proc/PID/root`) and read its environment variables. Some containers forbid mounting `/proc`; there the
    weaker command is used.
    """
    if not shutil.which("bwrap"):
        return ()
    return next((one for one in (OWN_PROCESSES, SHARED_PROCESSES) if _works(one)), ())


def _works(command: tuple[str, ...]) -> bool:
    try:
        probe = subprocess.run(
            [*command, "--tmpfs", "/tmp", "/bin/true"],  # noqa: S108 - a probe of the machine's own program
            capture_output=True,
            timeout=PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0


def isolation_works() -> bool:
    """Return whether bubblewrap works on this machine, with a process namespace of its own."""
    return _bubblewrap() == OWN_PROCESSES


def isolation_available() -> bool:
    """Return whether commands are isolated on this machine."""
    return bool(_bubblewrap())


def isolated(
    argv: list[str],
    *,
    home: str,
    readable: tuple[str, ...],
    writable: tuple[str, ...],
    elsewhere: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """Return the command that runs `argv` isolated: `home` is empty except for these paths, which must exist.

    `elsewhere` are pairs: a directory, and the path at which it is shown, read-only.
    """
    bubblewrap = _bubblewrap()
    if not bubblewrap:
        return argv
    command = [*bubblewrap, "--tmpfs", os.path.realpath(home)]
    for source, target in elsewhere:
        command += ["--ro-bind", source, target]
    for option, paths in (("--ro-bind", readable), ("--bind", writable)):
        for path in map(os.path.realpath, paths):
            command += [option, path, path]
    return [*command, "--", *argv]
