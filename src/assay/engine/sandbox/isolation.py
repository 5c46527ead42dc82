"""Commands that run package code without network, home directory, secrets or write access.

Uses `bubblewrap` if it works, else kernel namespaces through `unshare` of util-linux, else only a clean set of
environment variables. The report states which.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from functools import lru_cache
from pathlib import Path

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - private to the sandbox
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/mpl",  # noqa: S108 - as above
}

PROGRAMS = ("bwrap", "unshare")
KERNEL_SETTINGS = (
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/kernel/unprivileged_userns_clone",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
)


def _works(argv: list[str]) -> bool:
    try:
        return subprocess.run([*argv, "/bin/true"], capture_output=True, timeout=10, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def isolation() -> str:
    """Return the strongest isolation that works on this machine: `bubblewrap`, `namespaces` or `none`.

    It is tried again when one of the programs or the kernel's settings for them has changed.
    """
    return _isolation(tuple(_state(one) for one in PROGRAMS), tuple(_content(one) for one in KERNEL_SETTINGS))


def _state(program: str) -> tuple[str, int, int] | None:
    """Return what changes when a program is installed, replaced or removed."""
    path = shutil.which(program)
    try:
        found = os.stat(path) if path else None  # noqa: PTH116 - called for each command
    except FileNotFoundError:
        return None
    return (str(path), found.st_ino, found.st_mtime_ns) if found else None


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # not every kernel has it
        return b""


@lru_cache(maxsize=1)
def _isolation(*_: tuple[object, ...]) -> str:
    if shutil.which("bwrap") and _works(_bubblewrap((), ())):
        return "bubblewrap"
    if shutil.which("unshare") and _works(_unshare()):
        return "namespaces"
    return "none"


def confined(
    argv: list[str], *, visible: tuple[str, ...], hidden: tuple[str, ...], writable: tuple[str, ...] = ()
) -> list[str]:
    """Return the command that runs `argv` isolated. `hidden` directories are empty except for the other paths."""
    kind = isolation()
    if kind == "bubblewrap":
        return [*_bubblewrap(visible, hidden, writable), *argv]
    return [*_unshare(), *argv] if kind == "namespaces" else argv


def _bubblewrap(visible: tuple[str, ...], hidden: tuple[str, ...], writable: tuple[str, ...] = ()) -> list[str]:
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for path in _outermost(("/tmp", "/var/tmp", "/home", "/root", "/run", *hidden)):  # noqa: S108 - to hide it
        command += ["--tmpfs", path]
    for path in visible:
        command += ["--ro-bind", path, path]
    for path in writable:
        command += ["--bind", path, path]
    command += ["--unshare-all", "--die-with-parent", "--new-session", "--chdir", "/tmp"]  # noqa: S108 - the sandbox's own
    return [*command, "--hostname", "check", "--unshare-uts"]


def _outermost(paths: tuple[str, ...]) -> list[str]:
    """Return the existing directories that are not below another one: hiding that one hides both."""
    existing = sorted({str(Path(one).resolve()) for one in paths if Path(one).is_dir()})
    return [one for one in existing if not any(one.startswith(f"{other}/") for other in existing)]


def _unshare() -> list[str]:
    return ["unshare", "--user", "--map-root-user", "--net", "--ipc", "--pid", "--fork", "--kill-child", "--"]


def program_paths() -> tuple[str, ...]:
    """Return the paths of Assay's check scripts."""
    return (str(Path(__file__).parents[1]),)


def base_paths(python_prefix: str) -> tuple[str, ...]:
    """Return the paths of an interpreter, which may be in a hidden home directory."""
    own = sysconfig.get_config_var("LIBDIR") if python_prefix == sys.base_prefix else None
    return tuple(dict.fromkeys(one for one in (python_prefix, own) if one and Path(one).is_dir()))
