"""What a run left in its folder: told and read without ever following a link out of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assay.core.errors import NotFoundError

MOST = 1000  # files that are told


@dataclass(frozen=True, kw_only=True)
class Output:
    """One file, by its path below the folder; `size` is bytes."""

    name: str
    size: int


def outputs(folder: Path) -> list[Output]:
    """Return the regular files below a folder by name, at most MOST; hidden ones and links are left out."""
    found: list[Output] = []
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            seen = path.lstat()
            if stat.S_ISREG(seen.st_mode) and not name.startswith("."):
                found.append(Output(name=str(path.relative_to(folder)), size=seen.st_size))
            if len(found) == MOST:
                return found
    return sorted(found, key=lambda one: one.name)


def open_output(folder: Path, name: str) -> BinaryIO:
    """Open one file for reading. Raises NotFoundError for anything that is not a plain file of the folder."""
    parts = PurePosixPath(name).parts
    missing = NotFoundError(f"There is no output {name[:80]!r}.", hint="Choose one that is listed.")
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise missing
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise missing from error
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = inner
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except (OSError, ValueError) as error:
        raise missing from error
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise missing
    return os.fdopen(file, "rb")
