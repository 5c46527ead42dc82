"""Studio's own Python prefix: its path, and its installation from the locked requirements in Assay's package."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assay.core.errors import UnavailableError
from assay.engine import uv

Progress = Callable[[str], None]

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]  # of a clone
REQUIREMENTS = Path(__file__).with_name("requirements.txt")  # `make lock` writes it
GUARD, NEW, OLD = ".guard", ".new-", ".old-"
SHOWN = ("Downloading ", "Prepared ", "Installed ")  # prefixes of uv's progress lines
LAST = 4  # last lines of uv's output that an error message contains


def studio_prefix() -> Path:
    """Return Studio's prefix: from the settings, else the one created by `make` in a clone, else in Assay's home."""
    if settings.STUDIO:
        return Path(settings.STUDIO)
    cloned = ROOT / ".venv-studio"
    return cloned if cloned.exists() else _folder() / _key()


def code_path() -> Path:
    """Return a directory that contains only Assay's package, for PYTHONPATH in other prefixes.

    In site-packages, Assay's dependencies are beside its package and would take precedence over the prefix's.
    """
    if (ROOT / "pyproject.toml").exists():
        return PACKAGE.parent
    link = _folder() / "code" / PACKAGE.name
    if not link.is_symlink() or link.readlink() != PACKAGE:
        link.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=link.parent) as aside:
            (Path(aside) / "link").symlink_to(PACKAGE)
            (Path(aside) / "link").replace(link)
    return link.parent


def require_prefix() -> Path:
    """Return Studio's prefix. Raises UnavailableError when Studio is not installed there."""
    prefix = studio_prefix()
    if not _is_installed(prefix):
        raise UnavailableError(
            f"Studio is not installed in {prefix}.",
            hint="`assay studio install` installs it (`make run` in a clone), or name its prefix in ASSAY_STUDIO.",
        )
    return prefix


def ensure_prefix(progress: Progress) -> Path:
    """Install Studio if needed, and return its prefix. Raises UnavailableError.

    A prefix from the settings or of a clone is never installed here.
    """
    prefix = studio_prefix()
    if prefix.parent == _folder():
        try:
            _folder().mkdir(parents=True, exist_ok=True)
            with _guard(progress):
                _remove_unused(prefix)
                if not _is_installed(prefix):
                    _install(prefix, progress)
        except OSError as error:
            raise _failed(str(error)) from error
    return require_prefix()


def _folder() -> Path:
    return Path(settings.HOME) / "studio"


@lru_cache(maxsize=1)
def _key() -> str:
    """Return a digest of what the prefix depends on: the locked requirements, Python's version and platform."""
    tag = str(sysconfig.get_config_var("EXT_SUFFIX"))  # e.g. .cpython-311-x86_64-linux-gnu.so
    return hashlib.sha256(REQUIREMENTS.read_bytes() + tag.encode()).hexdigest()[:16]


def _is_installed(prefix: Path) -> bool:
    return (prefix / "bin" / "python").exists()  # a symbolic link: broken when its interpreter was removed


@contextmanager
def _guard(progress: Progress) -> Iterator[None]:
    """Hold the file lock of the installation, so that only one process installs at a time."""
    with (_folder() / GUARD).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another process is installing Studio; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(prefix: Path, progress: Progress) -> None:
    """Install into a temporary directory and rename it, so that a prefix with the final name is complete."""
    progress("Installing Studio (once for each version of Assay; about 150 MB to download) …")

    def show(line: str) -> None:
        if line.startswith(SHOWN):
            progress(f"  {line}")

    with tempfile.TemporaryDirectory(dir=_folder(), prefix=NEW) as folder:
        aside = Path(folder) / "prefix"
        # Scripts of a relocatable prefix find the interpreter beside them, also after the rename.
        _run(["venv", "--quiet", "--no-project", "--relocatable", "--python", sys.executable, str(aside)], show)
        python = str(aside / "bin" / "python")
        index = ["--default-index", settings.INDEX_URL]
        # Servers cannot write into the prefix, so its bytecode is compiled now.
        options = ["--require-hashes", "--compile-bytecode", "--python", python]
        _run(["pip", "sync", *index, *options, str(REQUIREMENTS)], show)
        if prefix.exists():
            prefix.rename(Path(folder) / "broken")
        aside.rename(prefix)


def _run(arguments: list[str], show: Progress) -> None:
    cache = os.environ.get("UV_CACHE_DIR") or str(Path(settings.HOME) / "cache" / "uv")
    done = uv.run(arguments, cache=cache, cwd=str(_folder()), log_line=show)
    if done.code:
        raise _failed("\n  ".join([line for line in done.lines if line.strip()][-LAST:]))


def _failed(reason: str) -> UnavailableError:
    return UnavailableError(
        f"Studio could not be installed.\n  {reason}",
        hint="It comes from the package index (ASSAY_INDEX). Check the network and start again, "
        "or install it elsewhere and name its prefix in ASSAY_STUDIO.",
    )


def _remove_unused(current: Path) -> None:
    """Remove the remains of interrupted installations, and prefixes of earlier versions that no process uses."""
    for one in _folder().iterdir():
        if one != current and (one / "pyvenv.cfg").exists() and not _in_use(one):
            one.rename(one.with_name(OLD + one.name))  # an incomplete prefix never has the final name
    for pattern in (NEW, OLD):
        for one in _folder().glob(f"{pattern}*"):
            shutil.rmtree(one, ignore_errors=True)


def _in_use(prefix: Path) -> bool:
    """Return whether a process of the prefix is running: a Hub, a server, or a notebook run during an upgrade."""
    mark = f"{prefix}/".encode()
    return any(mark in _command(one) for one in Path("/proc").glob("[0-9]*"))


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # the process has ended
        return b""
