"""Changes that a reviewer requests for one library, and their effect on a spec.

Invariants (tests/core/review/test_requested_change.py): an edit applied twice has the effect of one; the lines of
other libraries stay unchanged; after "raise" no lower version is accepted; after "drop" and "swap" the library is
not direct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.spec import NAME, Spec, parse_library


class EditKind(StrEnum):
    """The kind of an edit to a library."""

    RAISE = "raise"
    DROP = "drop"
    SWAP = "swap"
    WAIT = "wait"


WORDS = {
    EditKind.RAISE: "raise to {}",
    EditKind.DROP: "drop",
    EditKind.SWAP: "swap for {}",
    EditKind.WAIT: "wait until {}",
}


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One proposed edit. `to` is the least version (raise), a requirement (swap) or an ISO date (wait)."""

    kind: EditKind
    to: str = ""

    @property
    def words(self) -> str:
        """The edit in words, e.g. `raise to 2.2`."""
        return WORDS[self.kind].format(self.to)

    @property
    def changes_spec(self) -> bool:
        """Return whether the edit changes the spec; waiting does not."""
        return self.kind is not EditKind.WAIT


@dataclass(frozen=True, kw_only=True)
class RequestedChange:
    """A change requested for one library: as text, as an edit that can be applied, or both."""

    name: str
    ask: str = ""
    edit: Edit | None = None

    @property
    def words(self) -> str:
        """The edit and the text in words."""
        return ": ".join(part for part in (self.edit.words if self.edit else "", self.ask) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `RequestedChange.from_dict` reads them back."""
        edit = {"kind": str(self.edit.kind), "to": self.edit.to} if self.edit else None
        return {"name": self.name, "ask": self.ask, "edit": edit}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> RequestedChange:
        """Read what `to_dict` wrote, also from before edits existed."""
        edit = stored.get("edit")
        return cls(
            name=stored["name"],
            ask=stored.get("ask", ""),
            edit=Edit(kind=EditKind(edit["kind"]), to=edit["to"]) if edit else None,
        )


def parse_requested_change(name: str, ask: str = "", kind: str = "", to: str = "") -> RequestedChange:
    """Return the requested change, validated. Raises InvalidInputError with the path of the wrong field."""
    if not NAME.fullmatch(name):
        raise InvalidInputError(f"{name[:60]!r} is not a library.", hint="Name one, e.g. pandas.", path="libraries")
    if kind and kind not in set(EditKind):
        raise InvalidInputError(
            f"{kind[:20]!r} is not an edit.", hint=f"Choose one of {', '.join(EditKind)}.", path="libraries"
        )
    if not (kind or ask):
        raise InvalidInputError(
            f"No change is requested for {name}.", hint="Write what should change.", path="libraries"
        )
    edit = _parse_edit(canonicalize_name(name), EditKind(kind), to.strip()) if kind else None
    return RequestedChange(name=canonicalize_name(name), ask=ask, edit=edit)


def _parse_edit(name: str, kind: EditKind, to: str) -> Edit:
    if kind is EditKind.DROP:
        return Edit(kind=kind)
    if kind is EditKind.SWAP:
        return Edit(kind=kind, to=_other(name, to))
    try:
        return Edit(kind=kind, to=str(Version(to)) if kind is EditKind.RAISE else date.fromisoformat(to).isoformat())
    except (InvalidVersion, ValueError) as error:
        wanted = "a version, e.g. 2.2" if kind is EditKind.RAISE else "a date, e.g. 2030-01-31"
        raise InvalidInputError(
            f"{to[:40]!r} is not {wanted.partition(',')[0]}.", hint=f"Write {wanted}.", path="libraries"
        ) from error


def _other(name: str, line: str) -> str:
    """Return the line that replaces a library. Raises InvalidInputError when it names the same one."""
    requirement = parse_library(line)
    if canonicalize_name(requirement.name) == name:
        raise InvalidInputError(f"{name} cannot replace itself.", hint="Raise it instead.", path="libraries")
    return str(requirement)


def apply_edit(spec: Spec, name: str, edit: Edit) -> Spec:
    """Return the spec with the edit applied. Raises ConflictError when it cannot be applied."""
    if edit.kind is EditKind.WAIT:
        return spec
    if edit.kind is EditKind.RAISE:
        lines = _raised(spec, name, Version(edit.to))
    elif edit.kind is EditKind.DROP:
        lines = _without(spec, name)
    else:
        lines = _swapped(spec, name, edit.to)
    if not lines and spec.base is None:
        raise ConflictError(f"Without {name} the spec has no libraries.", hint="Swap it for another library.")
    return replace(spec, libraries=lines)


def is_done(spec: Spec, ask: RequestedChange) -> bool:
    """Return whether a spec satisfies the requested edit already."""
    if ask.edit is None or not ask.edit.changes_spec:
        return False
    if ask.edit.kind is EditKind.RAISE:
        return apply_edit(spec, ask.name, ask.edit) == spec
    return ask.name not in spec.names


def _raised(spec: Spec, name: str, least: Version) -> tuple[str, ...]:
    if name not in spec.names:  # it is transitive; a line of its own sets the lower bound
        return (*spec.libraries, f"{name}>={least}")
    return tuple(_raise_line(line, least) if _names(line, name) else line for line in spec.libraries)


def _raise_line(line: str, least: Version) -> str:
    """Set a minimum version in a line; clauses that exclude it are dropped, a stricter lower bound is kept."""
    requirement = Requirement(line)
    kept = [clause for clause in requirement.specifier if _stays(clause, least)]
    if not any(_is_lower_bound(clause, least) for clause in kept):
        kept.append(Specifier(f">={least}"))
    raised = SpecifierSet(",".join(map(str, kept)))
    if raised == requirement.specifier:
        return line
    requirement.specifier = raised
    return str(requirement)


def _stays(clause: Specifier, least: Version) -> bool:
    if clause.operator in {">=", ">"}:
        return _is_lower_bound(clause, least)
    return clause.contains(least, prereleases=True)


def _is_lower_bound(clause: Specifier, least: Version) -> bool:
    """Return whether a clause excludes all versions below `least`."""
    if clause.operator in {">=", ">"}:
        return Version(clause.version) >= least
    return (
        clause.operator in {"==", "==="}
        and not clause.version.endswith("*")
        and clause.contains(least, prereleases=True)
    )


def _without(spec: Spec, name: str) -> tuple[str, ...]:
    _check_direct(spec, name)
    return tuple(line for line in spec.libraries if not _names(line, name))


def _swapped(spec: Spec, name: str, line: str) -> tuple[str, ...]:
    """Replace a library's first line by another library's, unless that is direct already; drop its other lines."""
    _check_direct(spec, name)
    other = canonicalize_name(Requirement(line).name)
    present = other in spec.names and other != name
    position = spec.names.index(name)
    lines = [line if at == position and not present else old for at, old in enumerate(spec.libraries)]
    return tuple(one for one in lines if one == line or not _names(one, name))


def _check_direct(spec: Spec, name: str) -> None:
    if name not in spec.names:
        raise ConflictError(
            f"{name} is not a direct library; another library or the base requires it.",
            hint="Name the library that needs it.",
            path="libraries",
        )


def _names(line: str, name: str) -> bool:
    return canonicalize_name(Requirement(line).name) == name
