"""Packed files on disk: written as a whole and put in the place of the earlier one, read by mapping them.

Processes that map the same file share its memory. Whoever has mapped an earlier file reads on in it undisturbed.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.core.comparison.packed import DamagedError, Packed, pack, read_header

HEADER_BYTES = 65_536  # a header is shorter
LEFT_SECONDS = 3600  # after which an unfinished file was left by a process that was killed


def write_packed(path: Path, sections: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write a packed file; readers see the earlier one or this one, never a part. Raises OSError (a full disk)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(path)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            file.writelines(pack(sections, facts))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def open_packed(path: Path) -> Packed | None:
    """Map a packed file; None when there is none, or when it is damaged or of another format."""
    try:
        with path.open("rb") as file:
            return Packed(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):  # DamagedError is a ValueError, as is what `mmap` says about an empty file
        return None


def facts_of_packed(path: Path) -> dict[str, Any] | None:
    """Return the facts in the header of a packed file without checking its sections; None as for `open_packed`."""
    try:
        with path.open("rb") as file:
            facts: dict[str, Any] = read_header(file.read(HEADER_BYTES))[0]["facts"]
    except (OSError, DamagedError):
        return None
    return facts


def identity(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is replaced, None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _remove_left(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}.*.new"):
        try:
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                left.unlink()
        except FileNotFoundError:  # another process was faster
            continue
