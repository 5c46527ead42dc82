"""Output files in the directory of a run, listed and read without following symbolic links."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assay.core.errors import NotFoundError

MOST = 1000  # files in a list


@dataclass(frozen=True, kw_only=True)
class Output:
    """One file. `name` is its path relative to the directory, `size` is in bytes."""

    name: str
    size: int


def outputs(folder: Path) -> list[Output]:
    """Return the regular files below a directory by name, at most `MOST`, without hidden ones and links."""
    found: list[Output] = []
    for directory, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(directory) / name
            seen = path.lstat()
            if stat.S_ISREG(seen.st_mode) and not name.startswith("."):
                found.append(Output(name=str(path.relative_to(folder)), size=seen.st_size))
            if len(found) == MOST:
                return found
    return sorted(found, key=lambda one: one.name)


def open_output(folder: Path, name: str) -> BinaryIO:
    """Open one file for reading. Raises NotFoundError for anything that is not a regular file in the directory."""
    parts = PurePosixPath(name).parts
    missing = NotFoundError(f"There is no output {name[:80]!r}.", hint="Choose one that is listed.")
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise missing
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise missing from error
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    except (OSError, ValueError) as error:
        raise missing from error
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise missing
    return os.fdopen(file, "rb")
