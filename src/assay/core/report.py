"""The report on a built version: a document with a schema version, migrated when it is read.

An unknown result is a value with a reason, never a blank: see `Check.state`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from assay.core.python_support import removed_in

R = TypeVar("R")
# 2 added bundled components and commands of a library; 3 renamed checks to standard terms; 4 added facts of files
SCHEMA = 4
# Names of checks in reports before schema 3, and their present names.
CHECK_NAMES = {
    "start-up files": "startup code",
    "shared paths": "file conflicts",
    "untrue records": "RECORD mismatches",
    "commands over others": "shadowed commands",
    "names on two sources": "dependency confusion",
}


@dataclass(frozen=True, kw_only=True)
class LibraryFacts:
    """The facts of one installed library. `size` is installed bytes; `licence` an SPDX expression, '' when unknown.

    `bundled` are the components in its embedded SBOMs (PEP 770), None when it embeds none or in reports of
    schema 1, which did not check. `scripts` are the commands that it puts on the PATH.
    """

    name: str
    version: str
    size: int
    licence: str = ""
    summary: str = ""
    modules: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    bundled: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ImportFact:
    """The import of one top-level module. `error` is '' on success."""

    library: str
    module: str
    seconds: float
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """The result of one check: `passed`, `failed`, or `skipped` with the reason in `detail`."""

    name: str
    state: str
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StartupFile:
    """A file that Python runs at each start: `sitecustomize.py`, `usercustomize.py` or a `.pth` file with code.

    `path` is relative to site-packages, `code` the beginning of what runs (see the documentation of `site`).
    """

    library: str
    path: str
    sha256: str
    code: str


class ConflictKind(StrEnum):
    """How the contents of one path differ between two libraries."""

    EQUAL = "equal"
    NAMESPACE = "namespace"  # each is an `__init__.py` that only declares a namespace
    UNUSED = "unused"  # tests, documentation and the like
    DATA = "data"
    MODULE = "module"


@dataclass(frozen=True, kw_only=True)
class FileConflict:
    """A path that two or more libraries install. `owners[0]` installs most of its folder; `winner` is on the disk.

    `path` is relative to site-packages, or begins with `/` when it is outside of it.
    """

    path: str
    owners: tuple[str, ...]
    winner: str
    kind: ConflictKind


@dataclass(frozen=True, kw_only=True)
class RecordMismatch:
    """A file that differs from its library's RECORD, or is in one of the two only (PEP 376)."""

    library: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """All facts of a build. Sizes are bytes: `size` of the whole tree, `new_size` of files not yet in the store."""

    python: str
    python_path: str
    size: int
    files: int
    new_size: int = 0
    isolation: str = ""
    tree: str = ""  # SHA-256 over all files of the libraries; '' in reports from before it was recorded
    libraries: tuple[LibraryFacts, ...] = ()
    imports: tuple[ImportFact, ...] = ()
    checks: tuple[Check, ...] = field(default=())
    startup_files: tuple[StartupFile, ...] | None = None  # this and the next two: None before schema 4
    file_conflicts: tuple[FileConflict, ...] | None = None
    record_mismatches: tuple[RecordMismatch, ...] | None = None
    uv: str = ""
    schema: int = SCHEMA

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Report.from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Report:
        """Read a stored report of this or any earlier schema."""
        return cls(
            **{
                **stored,
                "libraries": tuple(_library(one) for one in stored["libraries"]),
                "imports": tuple(ImportFact(**one) for one in stored["imports"]),
                "checks": tuple(Check(**one) for one in current(stored)["checks"]),
                "startup_files": _rows(StartupFile, stored.get("startup_files")),
                "file_conflicts": _rows(read_conflict, stored.get("file_conflicts")),
                "record_mismatches": _rows(RecordMismatch, stored.get("record_mismatches")),
                "schema": SCHEMA,
            }
        )


def current(stored: dict[str, Any]) -> dict[str, Any]:
    """Return a stored report of any schema with its checks under their present names."""
    if stored.get("schema", 1) >= SCHEMA:
        return stored
    checks = [{**one, "name": CHECK_NAMES.get(one["name"], one["name"])} for one in stored["checks"]]
    return {**stored, "checks": checks, "schema": SCHEMA}


def _rows(read: Callable[..., R], stored: list[dict[str, Any]] | None) -> tuple[R, ...] | None:
    """Read rows that reports before schema 4 lack: None there."""
    return None if stored is None else tuple(read(**one) for one in stored)


def read_conflict(path: str, owners: list[str], winner: str, kind: str) -> FileConflict:
    """Return a stored conflict; its fields are plain JSON values."""
    return FileConflict(path=path, owners=tuple(owners), winner=winner, kind=ConflictKind(kind))


def _library(stored: dict[str, Any]) -> LibraryFacts:
    """Read one library of any schema."""
    bundled = stored.get("bundled")
    return LibraryFacts(
        **{
            **stored,
            "modules": tuple(stored["modules"]),
            "scripts": tuple(stored.get("scripts", ())),
            "bundled": None if bundled is None else tuple(bundled),
        }
    )


OPTIONAL = "an optional library"
NAMESPACE = "(unknown location)"  # of a package without files of its own, in which a module is missing
NO_MODULE = re.compile(r"No module named '(?P<module>[\w.]+)'")
# What an import needs that a build may lack without being broken, by strings in the error.
HARMLESS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "another platform",
        ("winreg", "_winapi", "msvcrt", "pywintypes", "win32", "only works on", "only supported on"),
    ),
    ("a screen", ("no display", "cannot connect to X", "DISPLAY", "TclError", "libGL.so", "libEGL.so", "libX11")),
    ("a graphics processor", ("libcuda", "libcudart", "CUDA", "nvcuda", "ROCm", "libhip")),
    ("a system library", ("cannot open shared object file",)),
    (OPTIONAL, ("No module named", "is not installed", "pip install", "optional dependency", NAMESPACE)),
    ("settings", ("settings are not configured", "ImproperlyConfigured", "environment variable")),
)


def missing_for(error: str) -> str:
    """Return what a failed import needs that a build does not have, '' when the library seems broken.

    The kinds are those that occur when every module of widely used libraries is imported. A module that a newer
    Python no longer has is none of them: no library brings it back.
    """
    absent = NO_MODULE.search(error)
    if absent and removed_in(absent["module"]):
        return ""
    return next((kind for kind, words in HARMLESS if any(word in error for word in words)), "")
