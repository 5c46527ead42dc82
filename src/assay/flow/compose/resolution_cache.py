"""What a preview resolved is remembered for some minutes: a build right after it installs what was shown."""

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
MOST = 500  # answers; the oldest give way


def cache_resolution(request: ResolveRequest, lock: Lock) -> None:
    """Keep an answer."""
    path = _path(request)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{uuid4().hex}")
    aside.write_text(lock.to_toml())
    aside.replace(path)
    _remove_old(path.parent)


def cached_resolution(request: ResolveRequest) -> Lock | None:
    """Return the answer to the very same request, None when there is none or it is too old."""
    path = _path(request)
    try:
        if time.time() - path.stat().st_mtime > KEPT:
            return None
        return Lock.from_toml(path.read_text())
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _path(request: ResolveRequest) -> Path:
    asked = json.dumps(asdict(request), sort_keys=True)
    return home() / "resolved" / f"{hashlib.sha256(asked.encode()).hexdigest()}.toml"


def _remove_old(folder: Path) -> None:
    kept = sorted(folder.glob("*.toml"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST:]:
        path.unlink(missing_ok=True)
