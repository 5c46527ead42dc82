"""The manifests of an environment, in its folder `.assay`: its own files, and the files of each wheel.

The wheels' manifests are links into the store. The SHA-256 over all of them is in the report, which is stored
elsewhere, so that changing a file together with its manifest is detected too.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.engine.layout import READ_ONLY_FOLDER, walk
from assay.engine.wheel_store.store import MANIFEST, StoredWheel, read_manifest

FOLDER = ".assay"
METADATA = ("pylock.toml", "report.json", "assay.json")  # at the top of an environment
SMALL = 1 << 20  # bytes; files below this are read in one piece
Row = tuple[str, int, str]  # path, size in bytes, SHA-256 of the content or of a link's target


def own_files(prefix: Path) -> list[Row]:
    """Make the files of an empty environment read-only and return them."""
    rows = []
    for path, _ in sorted(walk(prefix)):
        full = prefix / path
        if not full.is_symlink():
            full.chmod(full.stat().st_mode & 0o555)
        rows.append((path, *hashed(str(full))))
    return rows


def hashed(path: str) -> tuple[int, str]:
    """Return size and SHA-256 of a file, or of the target path of a link. Raises OSError."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(path))  # noqa: PTH115 - in a loop over thousands
        return len(target), hashlib.sha256(b"link " + target).hexdigest()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
        if found.st_size < SMALL:
            return found.st_size, hashlib.sha256(file.read()).hexdigest()
        return found.st_size, hashlib.file_digest(file, "sha256").hexdigest()


def write_manifests(prefix: Path, store: Path, own: Sequence[Row], wheels: Iterable[StoredWheel]) -> None:
    """Write the manifests of an environment."""
    folder = prefix / FOLDER
    folder.mkdir()
    (folder / "own.json").write_text(json.dumps(own))
    (folder / "own.json").chmod(0o444)
    for wheel in wheels:
        os.link(store / wheel.key / MANIFEST, folder / f"{wheel.name}.wheel.json")
    folder.chmod(READ_ONLY_FOLDER)


def own_paths(prefix: Path) -> list[Path]:
    """Return the files of an environment that are not links into the store: its own, and the list of them."""
    listed = prefix / FOLDER / "own.json"
    own = [prefix / path for path, _, _ in json.loads(listed.read_bytes())]
    return [listed, *(path for path in own if not path.is_symlink())]


def read_manifests(prefix: Path) -> tuple[list[Row], list[StoredWheel]]:
    """Return what `write_manifests` wrote. Raises OSError or ValueError when it is missing or damaged."""
    folder = prefix / FOLDER
    own = [(path, size, sha256) for path, size, sha256 in json.loads((folder / "own.json").read_bytes())]
    return own, [read_manifest(path) for path in sorted(folder.glob("*.wheel.json"))]


def tree_digest(wheels: Iterable[StoredWheel]) -> str:
    """Return the SHA-256 over paths and contents of all files of the wheels."""
    lines = [f"{wheel.name}\0{wheel.digest}\n" for wheel in sorted(wheels, key=lambda one: one.name)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
