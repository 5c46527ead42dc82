"""Verifying the files of a finished environment: each is read and compared with its manifest."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from assay.core.lock import Lock
from assay.engine.installing.manifest import FOLDER, METADATA, hashed, read_manifests, tree_digest
from assay.engine.layout import walk, write_json
from assay.engine.wheel_store.store import StoredWheel, contents_of, keys_of, read_wheel

THREADS = max(2, min(16, os.cpu_count() or 2))
BATCH = 200  # files between two updates of the progress
OnProgress = Callable[[int, int], None]  # files done, bytes done


@dataclass(frozen=True, kw_only=True)
class Drift:
    """The differences: changed, missing and added paths, relative to the environment; files and bytes read."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Return whether there is no difference."""
        return not (self.changed or self.missing or self.added)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "clean": self.clean}


@dataclass
class _Differences:
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    bytes: int = 0


def rehash(prefix: Path, digest: str, tree: str, on_progress: OnProgress) -> Drift:
    """Verify all files of an environment. `digest` is the lock's, `tree` the report's digest of files ('' unknown).

    The manifests in the environment contain the size and hash of each file. They are verified against the two
    digests, so that changing a file together with its manifest is detected too.
    """
    started = time.monotonic()
    try:
        own, wheels = read_manifests(prefix)
        lock = Lock.from_toml((prefix / "pylock.toml").read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Drift(missing=(f"{FOLDER} ({error})",), seconds=round(time.monotonic() - started, 3))
    changed = _changed_manifests(lock, digest, tree, wheels)
    expected = {path: (size, sha256) for path, size, sha256 in own} | contents_of(wheels)
    found = _read(prefix, expected, on_progress)
    existing = {path for path, _ in walk(prefix)}
    added = sorted(
        path for path in existing - expected.keys() if path not in METADATA and not path.startswith(FOLDER)
    )
    return Drift(
        changed=(*changed, *sorted(found.changed)),
        missing=tuple(sorted(found.missing)),
        added=tuple(added),
        files=len(expected),
        bytes=found.bytes,
        seconds=round(time.monotonic() - started, 3),
    )


def _changed_manifests(lock: Lock, digest: str, tree: str, wheels: Sequence[StoredWheel]) -> list[str]:
    """Return the metadata files that differ from the approved lock."""
    wrong = []
    if lock.digest != digest:
        wrong.append("pylock.toml")
    if sorted(one.key for one in wheels) != sorted(keys_of(lock)) or (tree and tree_digest(wheels) != tree):
        wrong.append(FOLDER)
    return wrong


def is_damaged(entry: Path) -> bool:
    """Return whether the files of an entry of the wheel store are missing or differ from its manifest."""
    wheel = read_wheel(entry)
    if wheel is None:
        return True
    found = _read(
        entry / "tree", {path: (size, sha256) for path, size, sha256 in (*wheel.files, *wheel.compiled)}, _no_progress
    )
    return bool(found.changed or found.missing)


def _no_progress(done: int, size: int) -> None:
    del done, size


def _read(prefix: Path, expected: dict[str, tuple[int, str]], on_progress: OnProgress) -> _Differences:
    paths = sorted(expected)
    batches = [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]
    total = _Differences()
    with ThreadPoolExecutor(THREADS) as pool:
        for number, part in enumerate(pool.map(lambda batch: _read_some(prefix, batch, expected), batches), 1):
            total.changed += part.changed
            total.missing += part.missing
            total.bytes += part.bytes
            on_progress(min(number * BATCH, len(paths)), total.bytes)
    return total


def _read_some(prefix: Path, paths: Sequence[str], expected: dict[str, tuple[int, str]]) -> _Differences:
    differences = _Differences()
    for path in paths:
        try:
            found = hashed(f"{prefix}/{path}")
        except OSError:
            differences.missing.append(path)
            continue
        differences.bytes += found[0]
        if found != expected[path]:
            differences.changed.append(path)
    return differences


def main(workdir: Path) -> int:
    """Verify the environment that `rehash.json` in the directory names; write `outcome.json` there."""
    job = json.loads((workdir / "rehash.json").read_text())
    updated_at = 0.0

    def update(done: int, size: int) -> None:
        nonlocal updated_at
        if time.monotonic() - updated_at > 0.1:  # noqa: PLR2004 - seconds; ten updates a second are enough for a bar
            updated_at = time.monotonic()
            write_json(workdir / "progress.json", {"done": done, "bytes_done": size}, flushed=False)

    drift = rehash(Path(job["prefix"]), job["digest"], job["tree"], update)
    write_json(workdir / "outcome.json", drift.to_dict(), flushed=False)
    return 0
