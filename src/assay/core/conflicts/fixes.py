"""Small changes to a spec that may fix a conflict, the smallest first. Only a resolution shows whether they do.

A change edits one direct requirement that the conflict names, or the Python version. Loosening comes before
removal, to stay as close as possible to the spec.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.conflicts.message import Kind, parse

UPPER = frozenset({"<", "<=", "==", "===", "~=", "!="})
MOST = 8  # candidates; each costs a resolution


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """One line of a conflict: `dependent` requires `requirement`. `dependent` is '' for the spec itself."""

    dependent: str
    requirement: str


@dataclass(frozen=True, kw_only=True)
class Fix:
    """One change: the new lines, or another Python version; `words` is the text of its button."""

    words: str
    libraries: tuple[str, ...]
    python: str | None = None


def dependencies_in(detail: str) -> tuple[Dependency, ...]:
    """Return the dependencies in uv's explanation of a conflict, each once, in its order."""
    return tuple(
        dict.fromkeys(
            Dependency(dependent=dependent, requirement=" or ".join(one.texts))
            for fact in parse(detail).facts
            if fact.kind is Kind.REQUIRES
            for dependent in (fact.subjects[0].texts if fact.subjects else ("",))
            for one in fact.objects
        )
    )


def fixes(
    libraries: Sequence[str],
    detail: str,
    *,
    python: str | None = None,
    pythons: Sequence[str] = (),
    similar: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Fix, ...]:
    """Return candidates for a conflict, the smallest change first.

    These are: a similar name, no upper bounds, any version, another Python, one library fewer. `python` is the
    version in the spec (None on a base, which sets it), `pythons` are those available. `similar` maps names that
    are probably misspelled to the ones that are meant.
    """
    lines = [(line, Requirement(line)) for line in libraries]
    named = [
        (position, line, wanted)
        for position, (line, wanted) in enumerate(lines)
        if names(detail, canonicalize_name(wanted.name))
    ]
    found = [_respelled(libraries, *one, similar) for one in named]
    found += [_without_upper(libraries, *one) for one in named]
    found += [_any_version(libraries, *one) for one in named]
    if python and re.search(r"python|wheels", detail, re.IGNORECASE):
        nearest = sorted((one for one in pythons if one != python), key=lambda one: abs(_minor(one) - _minor(python)))
        found += [Fix(words=f"Use Python {one}", libraries=tuple(libraries), python=one) for one in nearest[:2]]
    if len(lines) > 1:
        found += [_without(libraries, *one) for one in named]
    return tuple(dict.fromkeys(one for one in found if one is not None))[:MOST]


def names(detail: str, library: str) -> bool:
    """Return whether an explanation of a conflict names a library."""
    return re.search(rf"(?<![\w.-]){re.escape(library)}(?![\w-])", detail, re.IGNORECASE) is not None


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


def _respelled(
    libraries: Sequence[str], position: int, line: str, wanted: Requirement, similar: Mapping[str, str]
) -> Fix | None:
    name = similar.get(canonicalize_name(wanted.name))
    if name is None:
        return None
    changed = name + line.strip()[len(wanted.name) :]
    words = f"Use {name} instead of {wanted.name}"
    return Fix(words=words, libraries=(*libraries[:position], changed, *libraries[position + 1 :]))


def _without_upper(libraries: Sequence[str], position: int, line: str, wanted: Requirement) -> Fix | None:
    """Keep only lower bounds: `==1.2` and `~=1.2` become `>=1.2`, `<2` is dropped."""
    kept = SpecifierSet(",".join(filter(None, (_lower(one) for one in wanted.specifier))))
    if kept == wanted.specifier or not str(kept):
        return None
    return _changed(libraries, position, line, wanted, kept)


def _lower(one: Specifier) -> str:
    if one.operator in {"==", "~="}:
        return f">={one.version.removesuffix('.*')}"
    return "" if one.operator in UPPER else str(one)


def _any_version(libraries: Sequence[str], position: int, line: str, wanted: Requirement) -> Fix | None:
    return _changed(libraries, position, line, wanted, SpecifierSet()) if str(wanted.specifier) else None


def _changed(libraries: Sequence[str], position: int, line: str, wanted: Requirement, specifier: SpecifierSet) -> Fix:
    loosened = Requirement(line)
    loosened.specifier = specifier
    words = f"Use {loosened} instead of {line}" if str(specifier) else f"Allow any version of {wanted.name}"
    return Fix(words=words, libraries=(*libraries[:position], str(loosened), *libraries[position + 1 :]))


def _without(libraries: Sequence[str], position: int, line: str, wanted: Requirement) -> Fix:
    del line
    return Fix(words=f"Remove {wanted.name}", libraries=(*libraries[:position], *libraries[position + 1 :]))
