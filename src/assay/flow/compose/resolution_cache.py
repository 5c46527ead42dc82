"""A cache of resolutions: a build within 10 minutes of a preview installs exactly the lock that was shown."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from assay.core.lock import Lock
from assay.engine.interface import ResolveRequest
from assay.flow.paths import home

KEPT = 600.0  # seconds
MOST = 500  # locks; the oldest are removed


def cache_resolution(request: ResolveRequest, lock: Lock) -> None:
    """Store the lock of a request."""
    path = _path(request)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid4().hex}")
    temporary.write_text(lock.to_toml())
    temporary.replace(path)
    _remove_old(path.parent)


def cached_resolution(request: ResolveRequest) -> Lock | None:
    """Return the lock of an identical request, None when there is none or it is too old."""
    path = _path(request)
    try:
        if time.time() - path.stat().st_mtime > KEPT:
            return None
        return Lock.from_toml(path.read_text())
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _path(request: ResolveRequest) -> Path:
    key = json.dumps(asdict(request), sort_keys=True)
    return home() / "resolved" / f"{hashlib.sha256(key.encode()).hexdigest()}.toml"


def _remove_old(folder: Path) -> None:
    kept = sorted(folder.glob("*.toml"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST:]:
        path.unlink(missing_ok=True)
