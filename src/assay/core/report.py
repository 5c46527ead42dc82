"""Facts about a built version: a versioned document, migrated when it is read.

Unknown is a value with a reason, never a blank: see `Check.state`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class LibraryFacts:
    """What was seen of one installed library. `size` is installed bytes; `licence` '' when unknown."""

    name: str
    version: str
    size: int
    licence: str = ""
    summary: str = ""
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportFact:
    """One top-level module that was tried. `error` is '' when it imported."""

    library: str
    module: str
    seconds: float
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check and how it went: `passed`, `failed`, or `skipped` with the reason in `detail`."""

    name: str
    state: str
    detail: str
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """All facts of a build. Sizes are bytes: `size` of the whole tree, `new_size` not shared when made."""

    python: str
    python_path: str
    size: int
    files: int
    new_size: int = 0
    isolation: str = ""
    tree: str = ""  # SHA-256 over all files of the libraries; '' in reports of before it was told
    libraries: tuple[LibraryFacts, ...] = ()
    imports: tuple[ImportFact, ...] = ()
    checks: tuple[Check, ...] = field(default=())
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
                "libraries": tuple(
                    LibraryFacts(**{**one, "modules": tuple(one["modules"])}) for one in stored["libraries"]
                ),
                "imports": tuple(ImportFact(**one) for one in stored["imports"]),
                "checks": tuple(Check(**one) for one in stored["checks"]),
            }
        )
