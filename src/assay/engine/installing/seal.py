"""Sealing: writes a finished directory's metadata, makes it read-only, and renames it to its digest atomically."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.core.errors import DriftError
from assay.core.lock import Lock
from assay.core.report import current
from assay.engine.durability import flush_before_rename, flush_rename
from assay.engine.installing.manifest import METADATA, own_paths
from assay.engine.interface import EnginePaths
from assay.engine.layout import READ_ONLY_FOLDER, exchange, remove_tree

BUILDING = ".building-"


def seal(prefix: Path, paths: EnginePaths, lock: Lock, report: dict[str, Any], *, replace: bool = False) -> bool:
    """Write the metadata and publish the directory. Returns False when an environment of the same lock exists.

    With `replace`, the new directory replaces the existing one atomically, which is then removed.
    """
    target = Path(paths.environments) / lock.digest
    metadata = {
        "pylock.toml": lock.to_toml(),
        "report.json": json.dumps(report),
        "assay.json": json.dumps({"digest": lock.digest, "python": lock.python, "files": report["files"]}),
    }
    for name, text in metadata.items():
        path = prefix / name
        path.write_text(text)
        path.chmod(0o444)
    prefix.chmod(READ_ONLY_FOLDER)
    flush_before_rename(prefix, [*(prefix / name for name in metadata), *own_paths(prefix)])
    if replace and target.exists():
        exchange(prefix, target)
        flush_rename(target.parent)
        remove_tree(prefix)
        return True
    try:
        prefix.rename(target)
    except OSError:
        if not is_sealed(target):
            raise
        remove_tree(prefix)
        return False
    flush_rename(target.parent)
    return True


def is_sealed(target: Path) -> bool:
    """Return whether a directory is a finished environment."""
    return all((target / name).is_file() for name in METADATA)


def read_sealed(target: Path) -> tuple[Lock, dict[str, Any]] | None:
    """Return the lock and report of a finished environment, None when there is none."""
    if not is_sealed(target):
        return None
    report = current(json.loads((target / "report.json").read_text()))
    return Lock.from_toml((target / "pylock.toml").read_text()), report


def check_sealed(target: Path, digest: str) -> None:
    """Raise DriftError unless the directory is the finished environment of that lock. Takes milliseconds."""
    try:
        metadata = json.loads((target / "assay.json").read_text())
        found = _digest_of((target / "pylock.toml").read_text())
    except (OSError, ValueError, KeyError) as error:
        raise DriftError("The environment's files are missing.", hint="Build it again from its lock.") from error
    if not digest or found != digest or metadata["digest"] != digest:
        raise DriftError(
            f"The directory contains lock {found[:12]} instead of {digest[:12]}.",
            hint="Do not use it. Build it again from its lock.",
        )
    if not os.access(target / "bin" / "python", os.X_OK):
        raise DriftError("Its Python is no longer on this machine.", hint="Install that Python again.")


@lru_cache(maxsize=64)
def _digest_of(text: str) -> str:
    """Return the digest of a lock. It is kept under the text, which is read at each start: parsing takes 8 ms."""
    return Lock.from_toml(text).digest


def remove_unfinished(paths: EnginePaths, alive: frozenset[str] = frozenset()) -> list[str]:
    """Remove unfinished directories that no build in `alive` (names) owns; return their names."""
    root = Path(paths.environments)
    unfinished = [path for path in root.glob(f"{BUILDING}*") if path.name not in alive]
    for path in unfinished:
        remove_tree(path)
    return [path.name for path in unfinished]
