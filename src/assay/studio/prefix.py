"""Studio's own Python prefix: where it is, and its installation from the locked requirements that Assay carries."""

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
SHOWN = ("Downloading ", "Prepared ", "Installed ")  # beginnings of uv's lines that say how far it is
LAST = 4  # of uv's lines that an error repeats


def studio_prefix() -> Path:
    """Return the prefix of Studio: the one of the settings, else the one that `make` made in a clone, else ours."""
    if settings.STUDIO:
        return Path(settings.STUDIO)
    cloned = ROOT / ".venv-studio"
    return cloned if cloned.exists() else _folder() / _key()


def code_path() -> Path:
    """Return a directory that holds our package alone, for PYTHONPATH in other prefixes than our own.

    Where we are installed, our dependencies lie beside us, and would come before those of the prefix.
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
    """Return the prefix of Studio. Raises UnavailableError when nothing is installed there."""
    prefix = studio_prefix()
    if not _is_installed(prefix):
        raise UnavailableError(
            f"Studio is not installed in {prefix}.",
            hint="`assay studio install` installs it (`make run` in a clone), or name its prefix in ASSAY_STUDIO.",
        )
    return prefix


def ensure_prefix(progress: Progress) -> Path:
    """Install Studio unless it is there, and return its prefix. Raises UnavailableError.

    Nothing is installed where the settings or a clone name the prefix.
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
    """Return what the prefix depends on as one name: the locked requirements, and Python with its platform."""
    tag = str(sysconfig.get_config_var("EXT_SUFFIX"))  # e.g. .cpython-311-x86_64-linux-gnu.so
    return hashlib.sha256(REQUIREMENTS.read_bytes() + tag.encode()).hexdigest()[:16]


def _is_installed(prefix: Path) -> bool:
    return (prefix / "bin" / "python").exists()  # a link: not there when its interpreter was removed


@contextmanager
def _guard(progress: Progress) -> Iterator[None]:
    """Let one process at a time install."""
    with (_folder() / GUARD).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Another process installs Studio; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(prefix: Path, progress: Progress) -> None:
    """Install aside and rename, so that what has the name is complete."""
    progress("Installing Studio (once for each version of Assay; about 150 MB to download) …")

    def show(line: str) -> None:
        if line.startswith(SHOWN):
            progress(f"  {line}")

    with tempfile.TemporaryDirectory(dir=_folder(), prefix=NEW) as folder:
        aside = Path(folder) / "prefix"
        # Scripts of a relocatable prefix find their interpreter beside them, also after the renaming.
        _run(["venv", "--quiet", "--no-project", "--relocatable", "--python", sys.executable, str(aside)], show)
        python = str(aside / "bin" / "python")
        index = ["--default-index", settings.INDEX_URL]
        # Servers cannot write into the prefix, so its bytecode is made now.
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
    """Remove what an interrupted installation left, and prefixes of earlier versions that no process uses."""
    for one in _folder().iterdir():
        if one != current and (one / "pyvenv.cfg").exists() and not _in_use(one):
            one.rename(one.with_name(OLD + one.name))  # what has the name is complete
    for pattern in (NEW, OLD):
        for one in _folder().glob(f"{pattern}*"):
            shutil.rmtree(one, ignore_errors=True)


def _in_use(prefix: Path) -> bool:
    """Say whether a process of the prefix runs: a Hub, a server, or a notebook that goes on during an upgrade."""
    mark = f"{prefix}/".encode()
    return any(mark in _command(one) for one in Path("/proc").glob("[0-9]*"))


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
