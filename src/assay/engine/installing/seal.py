"""Sealing: a finished directory becomes read-only, gets its metadata, and appears under its digest at once."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from assay.core.errors import DriftError
from assay.core.lock import Lock
from assay.core.report import current
from assay.engine.installing.manifest import METADATA
from assay.engine.interface import EnginePaths
from assay.engine.layout import SEALED, exchange, flush, remove_tree

ASIDE = ".building-"


def seal(aside: Path, paths: EnginePaths, lock: Lock, report: dict[str, Any], *, replace: bool = False) -> bool:
    """Write the papers and let the directory appear. Returns False when the same lock was there already.

    With `replace`, what is there changes places with the new one at one moment, and is removed.
    """
    target = Path(paths.environments) / lock.digest
    metadata = {
        "pylock.toml": lock.to_toml(),
        "report.json": json.dumps(report),
        "assay.json": json.dumps({"digest": lock.digest, "python": lock.python, "files": report["files"]}),
    }
    for name, text in metadata.items():
        path = aside / name
        path.write_text(text)
        path.chmod(0o444)
    aside.chmod(SEALED)
    flush(aside)
    if replace and target.exists():
        exchange(aside, target)
        flush(target.parent)
        remove_tree(aside)
        return True
    try:
        aside.rename(target)
    except OSError:
        if not is_sealed(target):
            raise
        remove_tree(aside)
        return False
    flush(target.parent)
    return True


def is_sealed(target: Path) -> bool:
    """Say whether a directory is a finished environment."""
    return all((target / name).is_file() for name in METADATA)


def read_sealed(target: Path) -> tuple[Lock, dict[str, Any]] | None:
    """Return lock and report of a finished environment, None when there is none."""
    if not is_sealed(target):
        return None
    report = current(json.loads((target / "report.json").read_text()))
    return Lock.from_toml((target / "pylock.toml").read_text()), report


def check_sealed(target: Path, digest: str) -> None:
    """Raise DriftError unless the directory is the finished environment of that lock (law 1): milliseconds."""
    try:
        metadata = json.loads((target / "assay.json").read_text())
        lock = Lock.from_toml((target / "pylock.toml").read_text())
    except (OSError, ValueError, KeyError) as error:
        raise DriftError("The built files are not there.", hint="Build it again from its lock.") from error
    if not digest or lock.digest != digest or metadata["digest"] != digest:
        raise DriftError(
            f"The directory holds lock {lock.digest[:12]}, but {digest[:12]} was asked for.",
            hint="Do not use it. Build it again from its lock.",
        )
    if not os.access(target / "bin" / "python", os.X_OK):
        raise DriftError("Its Python is gone from this machine.", hint="Install that Python again.")


def sweep(paths: EnginePaths, alive: frozenset[str] = frozenset()) -> list[str]:
    """Remove half-built directories that no build in `alive` (names) owns; return what was removed."""
    root = Path(paths.environments)
    left = [path for path in root.glob(f"{ASIDE}*") if path.name not in alive]
    for path in left:
        remove_tree(path)
    return [path.name for path in left]
