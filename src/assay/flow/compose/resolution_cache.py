"""A cache of resolutions: a build within 10 minutes of a preview installs exactly the lock that was shown.

A failed resolution is kept for a minute: the search for fixes begins with the explanation that the preview has shown.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

from assay.core.errors import ResolutionError
from assay.core.lock import Lock
from assay.engine.interface import ResolveRequest
from assay.engine.layout import write_file
from assay.flow.paths import home

KEPT = 600.0  # seconds
FAILURE_KEPT = 60.0  # seconds
MOST = 500  # locks; the oldest are removed

CONFLICTS = ("Because ", "you require ")  # explanations begin so; other failures say nothing of the spec


def cache_resolution(request: ResolveRequest, lock: Lock) -> None:
    """Store the lock of a request."""
    _write(_path(request), lock.to_toml())


def cached_resolution(request: ResolveRequest) -> Lock | None:
    """Return the lock of an identical request, None when there is none or it is too old."""
    path = _path(request)
    try:
        if time.time() - path.stat().st_mtime > KEPT:
            return None
        return Lock.from_toml(path.read_text())
    except (FileNotFoundError, ValueError, KeyError):
        return None


def lock_of(key: str) -> Lock | None:
    """Return the lock that is stored under a key, however old; None when it was removed since."""
    try:
        return Lock.from_toml((_folder() / f"{key}.toml").read_text())
    except (OSError, ValueError, KeyError):
        return None


def cache_failure(request: ResolveRequest, error: ResolutionError) -> None:
    """Store why a request does not resolve. Failures of the network are not stored."""
    if any(line.startswith(CONFLICTS) for line in error.detail.splitlines()):
        stored = {"detail": error.detail, "hint": error.hint, "path": error.path}
        _write(_path(request).with_suffix(".json"), json.dumps(stored))


def cached_failure(request: ResolveRequest) -> ResolutionError | None:
    """Return why an identical request failed in the last minute, None when it is not known to fail."""
    path = _path(request).with_suffix(".json")
    try:
        if time.time() - path.stat().st_mtime > FAILURE_KEPT:
            return None
        stored = json.loads(path.read_text())
        return ResolutionError(stored["detail"], hint=stored["hint"], path=stored["path"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def key_of(request: ResolveRequest) -> str:
    """Return the key of a request."""
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


def _folder() -> Path:
    return home() / "resolved"


def _path(request: ResolveRequest) -> Path:
    return _folder() / f"{key_of(request)}.toml"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text.encode(), flushed=False)
    _remove_old(path.parent, path.suffix)


def _remove_old(folder: Path, suffix: str) -> None:
    found = [(_changed(path), path) for path in folder.glob(f"*{suffix}")]
    for _, path in sorted(found, reverse=True)[MOST:]:
        path.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process removed it
        return 0.0
