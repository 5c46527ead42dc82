"""The wheels that were built from source distributions: kept by the hash of the sdist and the Python, and reused.

`WHEELS/.from-source/<sha256 of the sdist>-cp311/` contains the wheel and `built.json`: its own hash, what built it
and when. The build requirements are not part of the key: a lock names the sdist alone, and must give the same files
wherever it is installed. Garbage collection keeps an entry as long as a lock that is needed names its sdist.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from assay.core.lock import LockedLibrary
from assay.engine.interface import EnginePaths
from assay.engine.layout import remove_tree, write_json
from assay.engine.wheel_store.store import FROM_SOURCE, key_of

RECORD = "built.json"


def folder_of(paths: EnginePaths, sha256: str, python: str) -> Path:
    """Return the entry of an sdist for a Python."""
    return Path(paths.wheels) / FROM_SOURCE / f"{sha256}-cp{python.replace('.', '')}"


def stored_wheel(paths: EnginePaths, sha256: str, python: str) -> Path | None:
    """Return the wheel that was built from an sdist; None when there is none, or when it has changed since."""
    folder = folder_of(paths, sha256, python)
    found = next(folder.glob("*.whl"), None) if folder.is_dir() else None
    if found is None:
        return None
    record = folder / RECORD  # earlier versions of Assay wrote none
    if record.is_file() and json.loads(record.read_text())["sha256"] != file_hash(found):
        remove_tree(folder)
        return None
    os.utime(folder)  # it is in use: garbage collection counts its age from now
    return found


def is_stored(paths: EnginePaths, library: LockedLibrary, python: str) -> bool:
    """Return whether a library's wheel was built before, or is unpacked in the wheel store."""
    built = folder_of(paths, library.file.sha256, python)
    return built.is_dir() or (Path(paths.wheels) / key_of(library, python)).is_dir()


def store_wheel(paths: EnginePaths, sha256: str, python: str, wheel: Path, facts: dict[str, Any]) -> Path:
    """Store a built wheel with facts about its build, and return its path in the store."""
    folder = folder_of(paths, sha256, python)
    temporary = folder.with_name(f".new-{uuid4().hex}")
    temporary.mkdir(parents=True)
    shutil.move(wheel, temporary / wheel.name)
    stored = {"wheel": wheel.name, "sha256": file_hash(temporary / wheel.name), **facts}
    write_json(temporary / RECORD, stored)
    remove_tree(folder)
    temporary.rename(folder)
    return folder / wheel.name


@contextlib.contextmanager
def one_build(paths: EnginePaths, sha256: str, python: str) -> Iterator[None]:
    """Let one process at a time build an sdist for a Python; the next one finds the wheel in the store."""
    folder = folder_of(paths, sha256, python)
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f".lock-{folder.name}")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
