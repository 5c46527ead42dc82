"""Suggested updates: the smallest version changes that fix known vulnerabilities, and the spec for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.advisories.advisory import AdvisoryIndex, Match, public_version
from assay.core.lock import Lock
from assay.core.policy.findings import Finding
from assay.core.spec import Spec


@dataclass(frozen=True, kw_only=True)
class LibraryUpdate:
    """One library to update. `least` is the lowest version without the problems in `fixes`.

    '' means any other version: the release itself is yanked, denied or malware.
    """

    library: str
    version: str
    least: str
    fixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UpdatePlan:
    """The updates that fix problems, and the problems without a fixed version."""

    moves: tuple[LibraryUpdate, ...]
    unfixed: tuple[Match, ...]


def plan_updates(matches: Iterable[Match], index: AdvisoryIndex) -> UpdatePlan:
    """Return the smallest update of each library that fixes all its fixable problems at once."""
    by_library: dict[str, list[Match]] = {}
    for match in matches:
        by_library.setdefault(match.library, []).append(match)
    moves, unfixed = [], []
    for library, found in sorted(by_library.items()):
        fixable = [one for one in found if one.fixed]
        unfixed += [one for one in found if not one.fixed]
        least = _least(library, fixable, index)
        if fixable and least:
            names = tuple(one.id for one in fixable)
            moves.append(LibraryUpdate(library=library, version=found[0].version, least=least, fixes=names))
        elif fixable:
            unfixed += fixable
    return UpdatePlan(moves=tuple(moves), unfixed=tuple(unfixed))


def with_unwanted(found: UpdatePlan, findings: Iterable[Finding]) -> UpdatePlan:
    """Return the plan plus an update to any other version for each release that must not be used at all."""
    planned = {one.library for one in found.moves}
    away: dict[str, LibraryUpdate] = {}
    for one in findings:
        if one.library and one.library not in planned:
            before = away[one.library].fixes if one.library in away else ()
            away[one.library] = LibraryUpdate(
                library=one.library, version=one.version, least="", fixes=(*before, one.kind)
            )
    unfixed = tuple(one for one in found.unfixed if one.library not in away)
    return UpdatePlan(moves=(*found.moves, *away.values()), unfixed=unfixed)


def _least(library: str, fixable: list[Match], index: AdvisoryIndex) -> str:
    """Return the lowest version above the installed one that a record names as fixed and that has no such problem."""
    for text in index.fixes(library):
        here, there = public_version(text), public_version(fixable[0].version) if fixable else None
        if here and there and here > there and index.clears(library, text, fixable):
            return text
    return ""


STRATEGIES = ("exactly", "at least", "direct ones may stay", "anything may move")


def spec_with_updates(
    spec: Spec, lock: Lock, moves: tuple[LibraryUpdate, ...], width: str, direct: frozenset[str]
) -> Spec:
    """Return the spec that requires the updates, by one of `STRATEGIES`: which other libraries stay pinned.

    The first strategy pins the lowest fixed versions and everything else; each next one allows more changes.
    """
    moved = {one.library: one for one in moves}
    libraries = tuple(_line(line, moved) for line in spec.libraries)
    held = [one for one in lock.libraries if one.name not in moved]
    if width == STRATEGIES[2]:
        held = [one for one in held if one.name in direct]
    elif width == STRATEGIES[3]:
        held = []
    relation = "==" if width == STRATEGIES[0] else ">="
    constraints = [f"{one.name}=={one.version}" for one in held] + [_bound(one, relation) for one in moves]
    return replace(spec, libraries=libraries, constraints=tuple(sorted(constraints)))


def _bound(move: LibraryUpdate, relation: str) -> str:
    return f"{move.library}{relation}{move.least}" if move.least else f"{move.library}!={move.version}"


def _line(line: str, moved: dict[str, LibraryUpdate]) -> str:
    """Return the author's line, with a new bound when its library is updated."""
    requirement = Requirement(line)
    move = moved.get(canonicalize_name(requirement.name))
    if move is None:
        return line
    kept = [
        str(one)
        for one in requirement.specifier
        if one.operator != "==" and (not move.least or one.contains(move.least, prereleases=True))
    ]
    bound = f">={move.least}" if move.least else f"!={move.version}"
    requirement.specifier = SpecifierSet(",".join([*kept, bound]))
    return str(requirement)


@dataclass(frozen=True, kw_only=True)
class VersionChange:
    """The versions of one library before and after, '' where absent. `fixes` are the problems that this fixes."""

    library: str
    before: str
    after: str
    fixes: tuple[str, ...] = ()


def changes_between(before: Lock, after: Lock, moves: tuple[LibraryUpdate, ...]) -> tuple[VersionChange, ...]:
    """Return every library whose version differs, intended updates first."""
    why = {one.library: one.fixes for one in moves}
    names = sorted({*before.by_name, *after.by_name}, key=lambda name: (name not in why, name))
    found = []
    for name in names:
        old, new = before.by_name.get(name), after.by_name.get(name)
        was, is_now = old.version if old else "", new.version if new else ""
        if was != is_now:
            found.append(VersionChange(library=name, before=was, after=is_now, fixes=why.get(name, ())))
    return tuple(found)


def summary_of(moved: tuple[VersionChange, ...]) -> str:
    """Return a one-line summary: "pillow 8.0.0 → 10.3.0 fixes 26; nothing else changes"."""
    meant = [
        f"{one.library} {one.before} → {one.after or 'gone'} fixes {len(one.fixes)}" for one in moved if one.fixes
    ]
    other = [one for one in moved if not one.fixes]
    rest = "nothing else changes"
    if other:
        changes = (f"{one.library} {one.before or 'new'} → {one.after or 'gone'}" for one in other)
        rest = f"also changes {', '.join(changes)}"
    return "; ".join([*meant, rest])
