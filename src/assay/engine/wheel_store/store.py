"""The wheel store: each wheel is verified, unpacked and compiled once per Python version, then hard-linked.

`WHEELS/<sha256>-cp311/` contains `tree/`, the files with their paths in an environment, and `wheel.json`, their
manifest. An entry is published complete, by a rename, and never changes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from assay.core.errors import BuildError
from assay.core.lock import Lock, LockedLibrary
from assay.engine.layout import READ_ONLY_FOLDER, folders, remove_tree, walk

MANIFEST = "wheel.json"
UNPACKING = ".unpacking-"
FROM_SOURCE = ".from-source"  # the folder of wheels that were built from source distributions
COMPILED = ".pyc"  # files of this kind are made anew by each Python; RECORD need not be right about them
TRASH = ".trash-"  # the next garbage collection removes it


@dataclass(frozen=True, kw_only=True)
class StoredWheel:
    """The manifest of an unpacked wheel. `files` and `compiled` are rows of path, size (bytes), SHA-256.

    Paths are relative to the environment. `compiled` files are made from `files` and are not part of the digest,
    since Python does not write the same bytes each time. `groups` are its entry point groups, `offers` the names
    by which other code finds it (see `import_cache.py`), `record_mismatches` files that differ from its RECORD.
    """

    key: str
    name: str
    version: str
    licence: str
    summary: str
    requires: tuple[str, ...]
    modules: tuple[str, ...]
    groups: tuple[str, ...]
    offers: tuple[str, ...]
    files: tuple[tuple[str, int, str], ...]
    compiled: tuple[tuple[str, int, str], ...]
    record_mismatches: tuple[str, ...] = ()

    @cached_property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size, _ in self.files) + sum(size for _, size, _ in self.compiled)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the paths and contents of the files."""
        lines = "".join(f"{path}\0{sha256}\n" for path, _, sha256 in sorted(self.files))
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def runs_at_startup(self) -> bool:
        """Return whether it runs code at every start of Python."""
        return any(path.endswith(".pth") for path, _, _ in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> StoredWheel:
        """Read what `to_dict` wrote. Rows stay lists: there are tens of thousands."""
        if "untrue" in stored:  # the name in earlier versions
            stored = {**stored, "record_mismatches": stored["untrue"]}
            del stored["untrue"]
        tuples = ("requires", "modules", "groups", "offers", "record_mismatches")
        return cls(**{**stored, **{name: tuple(stored[name]) for name in tuples}}).without_compiled_mismatches()

    def without_compiled_mismatches(self) -> StoredWheel:
        """Return the manifest without mismatches of compiled files, which earlier versions counted."""
        kept = tuple(one for one in self.record_mismatches if not one.endswith(COMPILED))
        return self if kept == self.record_mismatches else replace(self, record_mismatches=kept)


def key_of(library: LockedLibrary, python: str) -> str:
    """Return the key of an entry: the hash of the file, and the Python that it is compiled for."""
    return f"{library.file.sha256}-cp{python.replace('.', '')}"


def keys_of(lock: Lock) -> list[str]:
    """Return the keys of all entries that a lock needs."""
    return [key_of(library, lock.python) for library in lock.libraries]


def read_wheel(folder: Path) -> StoredWheel | None:
    """Return an entry; None when it is missing. A damaged or outdated entry moves to the trash."""
    try:
        return read_manifest(folder / MANIFEST)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        discard(folder)
        return None


def discard(folder: Path) -> None:
    """Move a folder of the store to the trash, which the next garbage collection empties."""
    folder.rename(folder.with_name(f"{TRASH}{uuid4().hex}"))


def read_manifest(path: Path) -> StoredWheel:
    """Read a wheel's manifest. Raises OSError, ValueError, KeyError or TypeError."""
    return StoredWheel.from_dict(json.loads(path.read_bytes()))


def stored_wheels(lock: Lock, wheels: Path) -> dict[str, StoredWheel]:
    """Return the lock's wheels that are in the store, by library."""
    found = {one.name: read_wheel(wheels / key_of(one, lock.python)) for one in lock.libraries}
    return {name: wheel for name, wheel in found.items() if wheel is not None}


def link_wheels(wheels: Sequence[StoredWheel], store: Path, prefix: Path) -> None:
    """Hard-link all files of the wheels into a prefix, with read-only folders.

    Of a path that several wheels contain, the file of the last wheel by name is linked. Raises BuildError for a
    wheel that would replace the environment's own interpreter or scripts.
    """
    owners = owners_of(wheels)
    _check_reserved(owners, prefix)
    made = _make_folders(prefix, owners)
    link, target = os.link, f"{prefix}/"
    roots = {wheel.key: f"{store}/{wheel.key}/tree/" for wheel in wheels}
    for path, wheel in owners.items():
        source = roots[wheel.key] + path
        try:
            link(source, target + path)
        except OSError as error:
            if error.errno != errno.EMLINK:  # this file has as many hard links as the file system allows
                raise
            _copy(source, target + path)
    for folder in made:
        os.chmod(folder, READ_ONLY_FOLDER)  # noqa: PTH101 - in a loop over thousands


def _copy(source: str, target: str) -> None:
    """Copy a file, and write the copy to the disk: sealing flushes the contents of no wheel."""
    shutil.copy2(source, target)
    file = os.open(target, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def owners_of(wheels: Iterable[StoredWheel]) -> dict[str, StoredWheel]:
    """Return the wheel that each path comes from: the last one by name that contains it."""
    ordered = sorted(wheels, key=lambda one: one.name)
    owners: dict[str, StoredWheel] = {}
    for wheel in ordered:
        owners.update(dict.fromkeys((row[0] for row in wheel.files), wheel))
    conflicts = len(owners) < sum(len(one.files) for one in ordered)
    for wheel in ordered:
        for row in wheel.compiled:
            if not conflicts or owners[source_of(row[0])] is wheel:
                owners[row[0]] = wheel
    return owners


def contents_of(wheels: Sequence[StoredWheel]) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of each path of an environment, from the wheel that owns it."""
    rows = {one.key: {path: (size, sha256) for path, size, sha256 in (*one.files, *one.compiled)} for one in wheels}
    owners = owners_of(wheels)
    return {path: rows[wheel.key][path] for path, wheel in owners.items()}


def source_of(compiled: str) -> str:
    """Return the source file of a compiled one (PEP 3147)."""
    folder, _, name = compiled.rpartition("/__pycache__/")
    return f"{folder}/{name.split('.')[0]}.py"


def _check_reserved(owners: dict[str, StoredWheel], prefix: Path) -> None:
    for path, _ in walk(prefix):
        if path in owners:
            raise BuildError(
                f"{owners[path].name} {owners[path].version} would replace the environment's own {path}.",
                hint="Remove it, or report it to its authors.",
            )


def _make_folders(prefix: Path, paths: Iterable[str]) -> set[str]:
    """Make the folders of the paths; return all folders below the prefix, existing ones included."""
    root = str(prefix)
    made = set(folders(prefix)) - {root}
    for folder in sorted({path.rpartition("/")[0] for path in paths} - {""}):
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1):
            full = f"{root}/{'/'.join(parts[:depth])}"
            if full not in made:
                os.mkdir(full)  # noqa: PTH102 - in a loop over thousands
                made.add(full)
    return made


def clear_unpacking(wheels: Path, name: str) -> None:
    """Remove the unfinished entries of one build."""
    for path in wheels.glob(f"{UNPACKING}{name}*"):
        remove_tree(path)


def remove_unpacking(wheels: Path, alive: frozenset[str]) -> list[str]:
    """Remove unfinished entries, except those of builds in `alive` (names); return their names."""
    unfinished = [path for path in wheels.glob(f"{UNPACKING}*") if not any(one in path.name for one in alive)]
    for path in unfinished:
        remove_tree(path)
    return [path.name for path in unfinished]
