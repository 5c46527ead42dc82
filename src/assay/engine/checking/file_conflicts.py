"""Paths and top-level modules that two or more libraries install."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from assay.core.report import ConflictKind, FileConflict
from assay.engine.wheel_store.store import StoredWheel

MAX_INIT = 1 << 16  # bytes; a file that only declares a namespace has fewer than 1,000
# What a package's `__init__.py` calls to leave its name open to other libraries (legacy namespace packages).
NAMESPACE = (b"declare_namespace", b"extend_path")
CODE = (".py", ".so", ".pyc")
MODULE = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:\.(?:cpython-[\w-]+|abi3))?\.(?:py|so)")
# Folders at the top of site-packages that many libraries install by mistake; nobody imports them.
UNUSED = frozenset({"tests", "test", "testing", "docs", "doc", "examples", "example", "benchmarks", "samples"})
TEXTS = (".md", ".rst", ".txt")
MANUALS = ("share/man/", "share/doc/")


def file_conflicts(wheels: Sequence[StoredWheel], store: Path, python: str) -> tuple[FileConflict, ...]:
    """Return the conflicts between stored wheels, by path. `python` is the version in `lib/python3.11`."""
    base = f"lib/python{python}/site-packages/"
    found = [_conflict(path, several, store, base) for path, several in _shared(wheels)]
    known = {one.path for one in found}
    modules = [one for one in _module_conflicts(wheels, base) if one.path not in known]
    return tuple(sorted([*found, *modules], key=lambda one: one.path))


def _shared(wheels: Sequence[StoredWheel]) -> Iterator[tuple[str, list[StoredWheel]]]:
    """Yield each path that several wheels install, with those wheels by name."""
    counted = Counter(row[0] for wheel in wheels for row in wheel.files)
    shared = {path for path, count in counted.items() if count > 1}
    owners: dict[str, list[StoredWheel]] = {}
    for wheel in sorted(wheels, key=lambda one: one.name) if shared else ():
        for path in shared.intersection(row[0] for row in wheel.files):
            owners.setdefault(path, []).append(wheel)
    yield from owners.items()


def _conflict(path: str, several: list[StoredWheel], store: Path, base: str) -> FileConflict:
    inside = path.startswith(base)
    contents = {_sha256(one, path) for one in several}
    if len(contents) == 1:
        kind = ConflictKind.EQUAL
    elif path.startswith(MANUALS) or (inside and _is_unused(path.removeprefix(base))):
        kind = ConflictKind.UNUSED
    elif not inside or not path.endswith(CODE):
        kind = ConflictKind.DATA
    elif path.endswith("/__init__.py") and all(_is_namespace(store / one.key / "tree" / path) for one in several):
        kind = ConflictKind.NAMESPACE
    else:
        kind = ConflictKind.MODULE
    return FileConflict(
        path=path.removeprefix(base) if inside else f"/{path}",
        owners=_owners(several, path.removeprefix(base).partition("/")[0], base),
        winner=several[-1].name,
        kind=kind,
    )


def _sha256(wheel: StoredWheel, path: str) -> str:
    return next(sha256 for name, _, sha256 in wheel.files if name == path)


def _is_unused(path: str) -> bool:
    """Return whether nobody imports or reads a path below site-packages: tests, and texts at the top."""
    top, _, rest = path.partition("/")
    return top in UNUSED or (not rest and (top.endswith(TEXTS) or top in {"LICENSE", "COPYING", "NOTICE"}))


def _is_namespace(path: Path) -> bool:
    """Return whether an `__init__.py` only declares a namespace, or holds nothing but comments."""
    try:
        content = path.read_bytes()[:MAX_INIT]
    except OSError:
        return False
    if any(one in content for one in NAMESPACE):
        return True
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in content.splitlines())


def _owners(several: list[StoredWheel], top: str, base: str) -> tuple[str, ...]:
    """Return the wheels' names: first that which installs the most files below the top-level folder."""
    counted = {one.name: sum(row[0].startswith(f"{base}{top}/") for row in one.files) for one in several}
    return tuple(sorted(counted, key=lambda name: (-counted[name], name)))


def _module_conflicts(wheels: Sequence[StoredWheel], base: str) -> Iterator[FileConflict]:
    """Yield top-level modules that one library installs as a file and another as a package: one hides the other."""
    depth = base.count("/") + 1  # of files in a top-level package
    providers: dict[str, dict[str, StoredWheel]] = {}
    for wheel in wheels:
        for path, _, _ in wheel.files:
            if path.count("/") > depth or not path.startswith(base):
                continue
            if name := _module(path.removeprefix(base)):
                providers.setdefault(name, {}).setdefault(path.removeprefix(base), wheel)
    for name, paths in providers.items():
        names = {one.name for one in paths.values()}
        if len(names) < 2 or name in UNUSED:  # noqa: PLR2004 - one library may install both
            continue
        package = min(paths, key=lambda path: ("/" not in path, path))  # a package is found before a module
        owners = _owners(list({one.name: one for one in paths.values()}.values()), name, base)
        yield FileConflict(path=package, owners=owners, winner=paths[package].name, kind=ConflictKind.MODULE)


def _module(path: str) -> str:
    """Return the top-level module that a path makes: `yaml` of `yaml/__init__.py` or of `yaml.py`, else ''."""
    folder, _, leaf = path.rpartition("/")
    found = MODULE.fullmatch(leaf)
    if not found:
        return ""
    if not folder:
        return found["name"]
    return folder if "/" not in folder and found["name"] == "__init__" else ""
