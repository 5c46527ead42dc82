"""What an environment tells of itself, in its folder `.assay`: its own files, and the manifest of each wheel.

The manifests are links to those of the store. The SHA-256 over all of them is in the report, which is kept
elsewhere: whoever changes a file and its manifest is found out too.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.engine.layout import SEALED, walk
from assay.engine.wheel_store.store import MANIFEST, KeptWheel, read_manifest

FOLDER = ".assay"
METADATA = ("pylock.toml", "report.json", "assay.json")  # at the top of an environment
SMALL = 1 << 20  # bytes that are read at once
Row = tuple[str, int, str]  # path, size in bytes, SHA-256 of the content or of a link's target


def own_files(prefix: Path) -> list[Row]:
    """Return the files that an empty environment has, made read-only."""
    rows = []
    for path, _ in sorted(walk(prefix)):
        full = prefix / path
        if not full.is_symlink():
            full.chmod(full.stat().st_mode & 0o555)
        rows.append((path, *hashed(str(full))))
    return rows


def hashed(path: str) -> tuple[int, str]:
    """Return size and SHA-256 of a file; of a link, those of what it says. Raises OSError."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - in a loop over thousands
        return len(target), hashlib.sha256(b"link " + target).hexdigest()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        if found.st_size < SMALL:
            return found.st_size, hashlib.sha256(file.read()).hexdigest()
        return found.st_size, hashlib.file_digest(file, "sha256").hexdigest()


def write_manifests(prefix: Path, store: Path, own: Sequence[Row], wheels: Iterable[KeptWheel]) -> None:
    """Write the folder."""
    folder = prefix / FOLDER
    folder.mkdir()
    (folder / "own.json").write_text(json.dumps(own))
    (folder / "own.json").chmod(0o444)
    for wheel in wheels:
        os.link(store / wheel.key / MANIFEST, folder / f"{wheel.name}.wheel.json")
    folder.chmod(SEALED)


def read_manifests(prefix: Path) -> tuple[list[Row], list[KeptWheel]]:
    """Return what `write_manifests` wrote. Raises OSError or ValueError when it is not there or damaged."""
    folder = prefix / FOLDER
    own = [(path, size, sha256) for path, size, sha256 in json.loads((folder / "own.json").read_bytes())]
    return own, [read_manifest(path) for path in sorted(folder.glob("*.wheel.json"))]


def tree_digest(wheels: Iterable[KeptWheel]) -> str:
    """Return the SHA-256 over paths and contents of all files that libraries bring."""
    lines = [f"{wheel.name}\0{wheel.digest}\n" for wheel in sorted(wheels, key=lambda one: one.name)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
