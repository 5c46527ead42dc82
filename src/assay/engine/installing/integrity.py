"""Is a finished environment still what was built? Every file is read and compared with what was written down."""

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
from assay.engine.wheel_store.store import KeptWheel, contents_of, keys_of, read_wheel

THREADS = max(2, min(16, os.cpu_count() or 2))
BATCH = 200  # files between two words of progress
OnProgress = Callable[[int, int], None]  # files done, bytes done


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What was seen: paths that differ, are missing or were added, relative to the environment; bytes read."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Say whether everything is as it was built."""
        return not (self.changed or self.missing or self.added)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "clean": self.clean}


@dataclass
class _Seen:
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    bytes: int = 0


def rehash(prefix: Path, digest: str, tree: str, on_progress: OnProgress) -> Drift:
    """Read an environment again. `digest` is its lock's, `tree` that of its files as the report tells ('' unknown).

    The papers that lie in the environment say what each file must be; they are held against the two digests,
    so that whoever changes a file and its paper is found out too.
    """
    began = time.monotonic()
    try:
        own, wheels = read_manifests(prefix)
        lock = Lock.from_toml((prefix / "pylock.toml").read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Drift(missing=(f"{FOLDER} ({error})",), seconds=round(time.monotonic() - began, 3))
    changed = _changed_manifests(lock, digest, tree, wheels)
    expected = {path: (size, sha256) for path, size, sha256 in own} | contents_of(wheels)
    seen = _read(prefix, expected, on_progress)
    there = {path for path, _ in walk(prefix)}
    added = sorted(path for path in there - expected.keys() if path not in METADATA and not path.startswith(FOLDER))
    return Drift(
        changed=(*changed, *sorted(seen.changed)),
        missing=tuple(sorted(seen.missing)),
        added=tuple(added),
        files=len(expected),
        bytes=seen.bytes,
        seconds=round(time.monotonic() - began, 3),
    )


def _changed_manifests(lock: Lock, digest: str, tree: str, wheels: Sequence[KeptWheel]) -> list[str]:
    """Name the papers that do not tell what was approved."""
    wrong = []
    if lock.digest != digest:
        wrong.append("pylock.toml")
    if sorted(one.key for one in wheels) != sorted(keys_of(lock)) or (tree and tree_digest(wheels) != tree):
        wrong.append(FOLDER)
    return wrong


def is_damaged(entry: Path) -> bool:
    """Say whether an entry of the wheel store differs from what was unpacked."""
    wheel = read_wheel(entry)
    if wheel is None:
        return True
    seen = _read(
        entry / "tree", {path: (size, sha256) for path, size, sha256 in (*wheel.files, *wheel.compiled)}, _quiet
    )
    return bool(seen.changed or seen.missing)


def _quiet(done: int, size: int) -> None:
    del done, size


def _read(prefix: Path, expected: dict[str, tuple[int, str]], on_progress: OnProgress) -> _Seen:
    paths = sorted(expected)
    batches = [paths[start : start + BATCH] for start in range(0, len(paths), BATCH)]
    whole = _Seen()
    with ThreadPoolExecutor(THREADS) as pool:
        for number, part in enumerate(pool.map(lambda batch: _read_some(prefix, batch, expected), batches), 1):
            whole.changed += part.changed
            whole.missing += part.missing
            whole.bytes += part.bytes
            on_progress(min(number * BATCH, len(paths)), whole.bytes)
    return whole


def _read_some(prefix: Path, paths: Sequence[str], expected: dict[str, tuple[int, str]]) -> _Seen:
    seen = _Seen()
    for path in paths:
        try:
            found = hashed(f"{prefix}/{path}")
        except OSError:
            seen.missing.append(path)
            continue
        seen.bytes += found[0]
        if found != expected[path]:
            seen.changed.append(path)
    return seen


def main(workdir: Path) -> int:
    """Do what `rehash.json` in the directory asks for: prefix, digest, tree."""
    asked = json.loads((workdir / "rehash.json").read_text())
    told = 0.0

    def tell(done: int, size: int) -> None:
        nonlocal told
        if time.monotonic() - told > 0.1:  # noqa: PLR2004 - seconds; ten words a second are enough for a bar
            told = time.monotonic()
            write_json(workdir / "progress.json", {"done": done, "bytes_done": size})

    drift = rehash(Path(asked["prefix"]), asked["digest"], asked["tree"], tell)
    write_json(workdir / "outcome.json", drift.to_dict())
    return 0
