"""What an environment tells of itself, in its folder `.assay`: its own files, and the manifest of each wheel.

The manifests are links to those of the shelf. The SHA-256 over all of them is in the report, which is kept
elsewhere: whoever changes a file and its manifest is found out too.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from assay.engine.layout import SEALED, walk
from assay.engine.wheels import MANIFEST, KeptWheel, read_manifest

FOLDER = ".assay"
PAPERS = ("pylock.toml", "report.json", "assay.json")  # at the top of an environment
Row = tuple[str, int, str]  # path, size in bytes, SHA-256 of the content or of a link's target


def own_files(prefix: Path) -> list[Row]:
    """Return the files that an empty environment has, made read-only."""
    rows = []
    for path, _ in sorted(walk(prefix)):
        full = prefix / path
        if not full.is_symlink():
            full.chmod(full.stat().st_mode & 0o555)
        rows.append((path, *hashed(full)))
    return rows


def hashed(path: Path) -> tuple[int, str]:
    """Return size and SHA-256 of a file; of a link, those of what it says."""
    if path.is_symlink():
        target = os.fsencode(path.readlink())
        return len(target), hashlib.sha256(b"link " + target).hexdigest()
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def write_papers(prefix: Path, shelf: Path, own: Sequence[Row], wheels: Iterable[KeptWheel]) -> None:
    """Write the folder."""
    folder = prefix / FOLDER
    folder.mkdir()
    (folder / "own.json").write_text(json.dumps(own))
    (folder / "own.json").chmod(0o444)
    for wheel in wheels:
        os.link(shelf / wheel.key / MANIFEST, folder / f"{wheel.name}.wheel.json")
    folder.chmod(SEALED)


def read_papers(prefix: Path) -> tuple[list[Row], list[KeptWheel]]:
    """Return what `write_papers` wrote. Raises OSError or ValueError when it is not there or damaged."""
    folder = prefix / FOLDER
    own = [(path, size, sha256) for path, size, sha256 in json.loads((folder / "own.json").read_bytes())]
    return own, [read_manifest(path) for path in sorted(folder.glob("*.wheel.json"))]


def tree_digest(own: Iterable[Row], wheels: Iterable[KeptWheel]) -> str:
    """Return the SHA-256 over paths and contents of all files but the compiled ones."""
    lines = [f"{path}\0{sha256}\n" for path, _, sha256 in sorted(own) if path != "pyvenv.cfg"]
    lines += [f"{wheel.name}\0{wheel.digest}\n" for wheel in sorted(wheels, key=lambda one: one.name)]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
