"""Garbage collection: removing environments and wheels that no lease, version or launch needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from assay.core.lock import Lock
from assay.engine.interface import Places
from assay.engine.layout import remove_tree, walk
from assay.engine.leases import Needed, guard, held
from assay.engine.wheel_store.store import TRASH, key_of

DIGEST_LENGTH = 64  # hex digits of a SHA-256


@dataclass(frozen=True, kw_only=True)
class Unneeded:
    """One directory that nothing needs. `kind` is environment or wheel; `size` are bytes that only it holds."""

    kind: str
    name: str
    size: int


def collect(
    places: Places, needed: Callable[[], Needed], *, older_than: float, dry_run: bool = False
) -> list[Unneeded]:
    """Remove environments and wheels that nothing needs and that are older than so many seconds; return them.

    `needed` is asked under the guard. What is taken is renamed there and removed after it, so that a build
    waits for milliseconds, and a crash in between leaves trash that the next call removes.
    """
    roots = {"environment": Path(places.environments), "wheel": Path(places.wheels)}
    with guard(places):
        stays = held(places) | needed()  # in this order: a build is kept elsewhere before it lets go
        found = [
            *_unneeded("environment", roots["environment"], stays.environments, older_than),
            *_unneeded("wheel", roots["wheel"], stays.wheels, older_than),
        ]
        if not dry_run:
            for one in found:
                folder = roots[one.kind] / one.name
                folder.rename(folder.with_name(f"{TRASH}{uuid4().hex}"))
    if not dry_run:
        empty_trash(places)
        _forget_imports(places, {one.name for one in found if one.kind == "wheel"})
    return found


def empty_trash(places: Places) -> None:
    """Remove what was taken."""
    for root in (Path(places.environments), Path(places.wheels)):
        for path in root.glob(f"{TRASH}*"):
            remove_tree(path)


def _unneeded(kind: str, root: Path, stays: frozenset[str], older_than: float) -> list[Unneeded]:
    latest = time.time() - older_than
    return [
        Unneeded(kind=kind, name=path.name, size=own_bytes(path))
        for path in sorted(root.glob("[0-9a-f]*"))
        if path.name not in stays and len(path.name) >= DIGEST_LENGTH and path.stat().st_mtime <= latest
    ]


def own_bytes(folder: Path) -> int:
    """Return the bytes that removing a directory frees: of files that have no other name."""
    return sum(found.st_size for _, found in walk(folder) if found.st_nlink == 1)


def _forget_imports(places: Places, keys: set[str]) -> None:
    for path in Path(places.checks).glob("*/*.json"):
        if path.stem in keys:
            path.unlink(missing_ok=True)


def drop_damaged(places: Places, lock: Lock, damaged: Callable[[Path], bool]) -> list[str]:
    """Take wheels of a lock off the shelf whose files are not what they were; return the libraries."""
    dropped = []
    for library in lock.libraries:
        folder = Path(places.wheels) / key_of(library, lock.python)
        if folder.is_dir() and damaged(folder):
            if folder.is_dir():
                folder.rename(folder.with_name(f"{TRASH}{uuid4().hex}"))
            dropped.append(library.name)
    if dropped:
        empty_trash(places)
    return dropped
