"""Garbage collection: removes environments and wheels that no lease, version or launch needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.core.lock import Lock
from assay.engine.interface import EnginePaths
from assay.engine.layout import remove_tree, walk
from assay.engine.leases import Needed, guard, leased
from assay.engine.wheel_store.store import FROM_SOURCE, TRASH, discard, key_of

DIGEST_LENGTH = 64  # hex digits of a SHA-256


@dataclass(frozen=True, kw_only=True)
class Unneeded:
    """One unneeded directory. `kind`: environment, wheel or built wheel; `size`: bytes that removing it frees."""

    kind: str
    name: str
    size: int


def collect(
    paths: EnginePaths, needed: Callable[[], Needed], *, older_than: float, dry_run: bool = False
) -> list[Unneeded]:
    """Remove environments and wheels that nothing needs and that are older than `older_than` seconds; return them.

    Calls `needed` under the lock on leases. Directories are renamed under that lock and removed after it, so that
    builds wait for milliseconds only. After a crash in between, the next call removes the renamed ones.
    """
    roots = _roots(paths)
    if not dry_run:
        empty_trash(paths)  # its second names of stored files would hide what removing those frees
    with guard(paths):
        kept = leased(paths) | needed()  # in this order: a build stores its outcome before it releases its lease
        found = [
            *_unneeded("environment", roots["environment"], kept.environments, older_than),
            *_unneeded("wheel", roots["wheel"], kept.wheels, older_than),
            *_unneeded("built wheel", roots["built wheel"], kept.wheels, older_than),
        ]
        if not dry_run:
            for one in found:
                discard(roots[one.kind] / one.name)
    if not dry_run:
        empty_trash(paths)
        _remove_import_caches(paths, {one.name for one in found if one.kind == "wheel"})
    return found


def _roots(paths: EnginePaths) -> dict[str, Path]:
    """Map each kind to its folder. A wheel that was built from an sdist has the same key as the unpacked one."""
    wheels = Path(paths.wheels)
    return {"environment": Path(paths.environments), "wheel": wheels, "built wheel": wheels / FROM_SOURCE}


def empty_trash(paths: EnginePaths) -> None:
    """Remove the renamed directories."""
    for root in _roots(paths).values():
        for path in root.glob(f"{TRASH}*"):
            remove_tree(path)


def _unneeded(kind: str, root: Path, kept: frozenset[str], older_than: float) -> list[Unneeded]:
    latest = time.time() - older_than
    return [
        Unneeded(kind=kind, name=path.name, size=own_bytes(path))
        for path in sorted(root.glob("[0-9a-f]*"))
        if path.name not in kept and len(path.name) >= DIGEST_LENGTH and path.stat().st_mtime <= latest
    ]


def own_bytes(folder: Path) -> int:
    """Return the bytes that removing a directory frees: those of files without other hard links."""
    return sum(found.st_size for _, found in walk(folder) if found.st_nlink == 1)


def _remove_import_caches(paths: EnginePaths, keys: set[str]) -> None:
    for path in Path(paths.checks).glob("*/*.json"):
        if path.stem in keys:
            path.unlink(missing_ok=True)


def remove_damaged(paths: EnginePaths, lock: Lock, damaged: Callable[[Path], bool]) -> list[str]:
    """Remove the lock's damaged wheels from the store; return the names of their libraries."""
    removed = []
    for library in lock.libraries:
        folder = Path(paths.wheels) / key_of(library, lock.python)
        if folder.is_dir() and damaged(folder):
            if folder.is_dir():
                discard(folder)
            removed.append(library.name)
    if removed:
        empty_trash(paths)
    return removed
