"""Writing changes to the disk before others rely on them: a whole file system, or one rename and what came before.

ext4 and XFS write names, links and folders to one journal, in their order. There, the contents of new files and one
entry of the journal are enough. `flush` would also wait for everything that other processes have written lately.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

ONE_JOURNAL = frozenset({0xEF53, 0x58465342})  # ext4 (also ext3), XFS: see statfs(2)
WRITE, WRITE_AND_WAIT = 2, 7  # sync_file_range(2)


def flush(folder: Path) -> None:
    """Write everything on the folder's file system to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_before_rename(folder: Path, written: Iterable[Path]) -> None:
    """Write a folder to the disk, of which only the contents of `written` are new: the rest are links and folders.

    On ext4 and XFS, what else changed is on the disk when a later rename is (`flush_rename`).
    """
    if not _has_one_journal(folder):
        flush(folder)
        return
    files = [os.open(path, os.O_RDONLY) for path in written]
    try:
        for flags in (WRITE, WRITE_AND_WAIT):
            for file in files:
                _write_back(file, flags)
    finally:
        for file in files:
            os.close(file)


def flush_rename(parent: Path) -> None:
    """Write the renames in a folder to the disk, with everything that was renamed."""
    if not _has_one_journal(parent):
        flush(parent)
        return
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_back(file: int, flags: int) -> None:
    """Write the content of an open file, without waiting for the journal."""
    offset = ctypes.c_int64(0)
    if ctypes.CDLL(None, use_errno=True).sync_file_range(file, offset, offset, flags):
        os.fsync(file)


def _has_one_journal(folder: Path) -> bool:
    found = (ctypes.c_long * 64)()  # longer than `struct statfs`, which begins with the type
    failed = ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(folder), ctypes.byref(found))
    return not failed and found[0] in ONE_JOURNAL
