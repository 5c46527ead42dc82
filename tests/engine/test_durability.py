"""What is written to the disk before a rename publishes a folder, and after it."""

from __future__ import annotations

import array
import fcntl
import os
import struct
from pathlib import Path

import pytest

from assay.engine import durability
from assay.engine.durability import flush_before_rename, flush_rename

FIEMAP, DELAYED = 0xC020660B, 0x4  # linux/fiemap.h: the extents of a file; no place on the disk chosen yet


def is_delayed(path: Path) -> bool:
    """Return whether content of a file has no place on the disk yet."""
    request = array.array("B", struct.pack("=QQLLLL", 0, 1 << 40, 0, 0, 1, 0) + bytes(56))
    with path.open("rb") as file:
        fcntl.ioctl(file, FIEMAP, request)
    (found,) = struct.unpack_from("=L", request, 20)
    (flags,) = struct.unpack_from("=L", request, 32 + 40)
    return bool(found) and bool(flags & DELAYED)


def test_the_contents_of_new_files_are_written(tmp_path: Path) -> None:
    """On a file system with one journal, those of the named files, and of no others."""
    if not durability._has_one_journal(tmp_path):
        pytest.skip("this file system has no single journal")
    written, other = tmp_path / "written", tmp_path / "other"
    written.write_bytes(os.urandom(20_000))
    other.write_bytes(os.urandom(20_000))
    flush_before_rename(tmp_path, [written])
    assert not is_delayed(written)
    assert is_delayed(other)
    tmp_path.rename(tmp_path.with_name("renamed"))
    flush_rename(tmp_path.parent)


def test_elsewhere_the_whole_file_system_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both before and after the rename."""
    flushed: list[Path] = []
    monkeypatch.setattr(durability, "ONE_JOURNAL", frozenset())
    monkeypatch.setattr(durability, "flush", flushed.append)
    flush_before_rename(tmp_path, [])
    flush_rename(tmp_path.parent)
    assert flushed == [tmp_path, tmp_path.parent]


def test_what_cannot_be_written_back_is_flushed(tmp_path: Path) -> None:
    """`sync_file_range` refuses some kinds of files; a file system that has it not refuses all."""
    folder = os.open(tmp_path, os.O_RDONLY)
    durability._write_back(folder, 1 << 20)  # an unknown flag
    os.close(folder)


def test_a_file_system_is_written(tmp_path: Path) -> None:
    """A folder that does not exist is an error."""
    durability.flush(tmp_path)
    with pytest.raises(FileNotFoundError):
        durability.flush(tmp_path / "missing")
    assert not durability._has_one_journal(tmp_path / "missing")
