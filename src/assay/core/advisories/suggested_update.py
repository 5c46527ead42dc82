"""Remedies: the smallest moves that clear known problems, and how a spec asks for them."""

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
class Move:
    """One library that has to move. `least` is the smallest version that clears what `fixes` names.

    '' there: any version but this one, since nobody says which are free of it (yanked, not wanted, malware).
    """

    library: str
    version: str
    least: str
    fixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What can be cleared by moving, and what cannot (no fixed version is known)."""

    moves: tuple[Move, ...]
    left: tuple[Match, ...]


def plan(matches: Iterable[Match], index: AdvisoryIndex) -> Plan:
    """Return the smallest move of each library that clears all its fixable problems at once."""
    by_library: dict[str, list[Match]] = {}
    for match in matches:
        by_library.setdefault(match.library, []).append(match)
    moves, left = [], []
    for library, found in sorted(by_library.items()):
        fixable = [one for one in found if one.fixed]
        left += [one for one in found if not one.fixed]
        least = _least(library, fixable, index)
        if fixable and least:
            names = tuple(one.id for one in fixable)
            moves.append(Move(library=library, version=found[0].version, least=least, fixes=names))
        elif fixable:
            left += fixable
    return Plan(moves=tuple(moves), left=tuple(left))


def with_others(found: Plan, findings: Iterable[Finding]) -> Plan:
    """Return the plan with a move away from each release that is not to be used at all, whatever else it has."""
    planned = {one.library for one in found.moves}
    away: dict[str, Move] = {}
    for one in findings:
        if one.library and one.library not in planned:
            before = away[one.library].fixes if one.library in away else ()
            away[one.library] = Move(library=one.library, version=one.version, least="", fixes=(*before, one.kind))
    left = tuple(one for one in found.left if one.library not in away)
    return Plan(moves=(*found.moves, *away.values()), left=left)


def _least(library: str, fixable: list[Match], index: AdvisoryIndex) -> str:
    """Return the first version, of those that some record names as fixed, that is free of all the problems."""
    for text in index.fixes(library):
        here, there = public_version(text), public_version(fixable[0].version) if fixable else None
        if here and there and here > there and index.clears(library, text, fixable):
            return text
    return ""


WIDTHS = ("exactly", "at least", "direct ones may stay", "anything may move")


def attempt(spec: Spec, lock: Lock, moves: tuple[Move, ...], width: str, direct: frozenset[str]) -> Spec:
    """Return the spec that asks for the moves, at one of `WIDTHS`: how much else is held where it is.

    First exactly the smallest fixed version with everything else held, then ever more freedom.
    """
    moved = {one.library: one for one in moves}
    libraries = tuple(_line(line, moved) for line in spec.libraries)
    held = [one for one in lock.libraries if one.name not in moved]
    if width == WIDTHS[2]:
        held = [one for one in held if one.name in direct]
    elif width == WIDTHS[3]:
        held = []
    relation = "==" if width == WIDTHS[0] else ">="
    hold = [f"{one.name}=={one.version}" for one in held] + [_bound(one, relation) for one in moves]
    return replace(spec, libraries=libraries, hold=tuple(sorted(hold)))


def _bound(move: Move, relation: str) -> str:
    return f"{move.library}{relation}{move.least}" if move.least else f"{move.library}!={move.version}"


def _line(line: str, moved: dict[str, Move]) -> str:
    """Return the author's line, raised where its library moves and its own range does not allow that."""
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
class Moved:
    """One library before and after. `fixes` are the problems that it was moved for; '' in a version: not there."""

    library: str
    before: str
    after: str
    fixes: tuple[str, ...] = ()


def moved_between(before: Lock, after: Lock, moves: tuple[Move, ...]) -> tuple[Moved, ...]:
    """Return every library that differs, those moved on purpose first."""
    why = {one.library: one.fixes for one in moves}
    names = sorted({*before.by_name, *after.by_name}, key=lambda name: (name not in why, name))
    found = []
    for name in names:
        old, new = before.by_name.get(name), after.by_name.get(name)
        was, is_now = old.version if old else "", new.version if new else ""
        if was != is_now:
            found.append(Moved(library=name, before=was, after=is_now, fixes=why.get(name, ())))
    return tuple(found)


def sentence(moved: tuple[Moved, ...]) -> str:
    """Say the moves in words: "pillow 8.0.0 → 10.3.0 fixes 26; nothing else moves"."""
    meant = [
        f"{one.library} {one.before} → {one.after or 'gone'} fixes {len(one.fixes)}" for one in moved if one.fixes
    ]
    other = [one for one in moved if not one.fixes]
    rest = "nothing else moves"
    if other:
        told = (f"{one.library} {one.before or 'new'} → {one.after or 'gone'}" for one in other)
        rest = f"also moves {', '.join(told)}"
    return "; ".join([*meant, rest])
