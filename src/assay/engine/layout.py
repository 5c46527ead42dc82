"""Paths inside an environment, and operations on directory trees and files that the stages share."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

READ_ONLY_FOLDER = stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH


def site_packages(prefix: Path, python: str) -> Path:
    """Return the site-packages directory of an environment."""
    return prefix / "lib" / f"python{python}" / "site-packages"


def walk(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every file and link below a directory as (relative path, lstat), without directories."""
    base = len(str(root)) + 1
    folders = [str(root)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry.path[base:], entry.stat(follow_symlinks=False)


def folders(root: Path) -> Iterator[str]:
    """Yield every directory below and including a directory."""
    for folder, names, _ in os.walk(root):
        names[:] = [name for name in names if not os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118 - in a loop over thousands
        yield folder


def remove_tree(root: Path) -> None:
    """Remove a tree, even if its directories are read-only. Does nothing when it does not exist."""
    if not root.exists():
        return
    for folder in list(folders(root)):
        Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(root, ignore_errors=True)


def write_file(path: Path, content: bytes, *, flushed: bool = True) -> None:
    """Write a temporary file and rename it, so that a reader sees the whole file or none, also with other writers.

    What is not `flushed` may be missing or empty after a power failure, and costs no wait for the disk.
    Raises OSError (a full disk), and leaves nothing then.
    """
    temporary = path.with_name(f".{uuid4().hex}.new")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            if flushed:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any, *, flushed: bool = True) -> None:  # noqa: ANN401 - JSON
    """Write a document as `write_file` writes."""
    write_file(path, json.dumps(content).encode(), flushed=flushed)


def exchange(one: Path, other: Path) -> None:
    """Exchange two directories atomically (Linux `renameat2`)."""
    code = ctypes.CDLL(None, use_errno=True).renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2)
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
