"""Small changes to a spec that may end a conflict, and what each one that resolves would change.

A candidate edits direct requirements that the conflict names, or the Python version; only a resolution shows whether
it works. Candidates stand in the order in which they are tried: narrow changes first, removal last.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assay.core.comparison.diff import Step, step_of
from assay.core.conflicts.message import Kind, parse

UPPER = frozenset({"<", "<=", "==", "===", "~=", "!="})
MOST = 24  # candidates; each costs a resolution
MOST_TOGETHER = 12  # requirements that are changed at once


class Change(StrEnum):
    """What a candidate changes."""

    NAME = "name"  # another name that is probably meant
    CONSTRAINTS = "constraints"  # without the version limits that conflict
    NEWER = "newer"  # one requirement without its upper bounds
    ANY = "any"  # one requirement without bounds
    PYTHON = "python"  # the Python version
    TOGETHER = "together"  # all requirements in conflict without their upper bounds
    REMOVE = "remove"  # one requirement fewer


TRIED = (Change.NAME, Change.CONSTRAINTS, Change.NEWER, Change.PYTHON, Change.ANY, Change.TOGETHER, Change.REMOVE)
NARROW = {  # where one of these was found for a requirement, the wider change is not wanted
    Change.ANY: {Change.NAME, Change.NEWER},
    Change.REMOVE: {Change.NAME, Change.NEWER, Change.ANY},
}
ALONE = frozenset({Change.NAME, Change.NEWER, Change.ANY})  # where one requirement suffices, not several


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """One line of a conflict: `dependent` requires `requirement`. `dependent` is '' for the spec itself."""

    dependent: str
    requirement: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A change to try: the lines at `positions` differ, or the Python version, or the constraints do."""

    change: Change
    libraries: tuple[str, ...]
    positions: tuple[int, ...] = ()
    python: str | None = None
    constraints: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Move:
    """A library whose version would differ; None where it is not installed."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Fix:
    """A change that resolves: new lines, another Python or other constraints; `words` is the text of its button.

    `moves` are the versions of the changed requirements, `others` the further known libraries that differ, and
    `count` is the number of libraries afterwards.
    """

    words: str
    libraries: tuple[str, ...]
    python: str | None = None
    constraints: tuple[str, ...] | None = None
    change: Change
    moves: tuple[Move, ...] = ()
    others: int = 0
    major: int = 0
    count: int = 0

    @property
    def effect(self) -> str:
        """What would change, in words."""
        told = [f"{one.name} {one.before} → {one.after}" for one in self.moves if one.before and one.after]
        told += [f"{one.name} {one.after}" for one in self.moves if one.after and not one.before]
        if len(told) > MOST_TOLD:
            told = [*told[:MOST_TOLD], f"{len(told) - MOST_TOLD} more"]
        if self.others:
            subject = "more library moves" if self.others == 1 else "more libraries move"
            told.append(f"{self.others} {subject}" if told else f"{self.others} {subject.removeprefix('more ')}")
        return ", ".join(told) or "keeps the versions that you ask for"

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """A sort key, best first: what the change takes away, then major updates, then all moves."""
        return (COST.get(self.change, 0), self.major, len(self.moves) + self.others, TRIED.index(self.change))


MOST_TOLD = 4  # moves that are told one by one
COST = {Change.ANY: 1, Change.PYTHON: 1, Change.REMOVE: 2}


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


def candidates(
    libraries: Sequence[str],
    detail: str,
    *,
    python: str | None = None,
    pythons: Sequence[str] = (),
    similar: Mapping[str, str] = MappingProxyType({}),
    constraints: Sequence[str] = (),
) -> tuple[Candidate, ...]:
    """Return candidates for a conflict, in the order in which to try them.

    `constraints` limit versions and require nothing. `python` is the version in the spec (None on a base, which sets
    it), `pythons` are those available. `similar` maps names that are probably misspelled to the ones that are meant.
    """
    lines = [Requirement(line) for line in libraries]
    named = [place for place, wanted in enumerate(lines) if names(detail, canonicalize_name(wanted.name))]
    found: list[Candidate] = []
    for place in named:
        wanted = lines[place]
        meant = similar.get(canonicalize_name(wanted.name))
        if meant:
            changed = meant + libraries[place].strip()[len(wanted.name) :]
            found.append(_edited(libraries, Change.NAME, {place: changed}))
        found += [_edited(libraries, change, {place: line}) for change, line in _looser(libraries[place])]
        if len(lines) > 1:
            found.append(_edited(libraries, Change.REMOVE, {place: ""}))
    newer = {one.positions[0]: one.libraries[one.positions[0]] for one in found if one.change is Change.NEWER}
    if 1 < len(newer) <= MOST_TOGETHER:
        found.append(_edited(libraries, Change.TOGETHER, newer))
    limiting = tuple(one for one in constraints if not names(detail, canonicalize_name(Requirement(one).name)))
    if len(limiting) < len(constraints):
        found.append(Candidate(change=Change.CONSTRAINTS, libraries=tuple(libraries), constraints=limiting))
    if python and re.search(r"python|wheels", detail, re.IGNORECASE):
        nearest = sorted((one for one in pythons if one != python), key=lambda one: abs(_minor(one) - _minor(python)))
        found += [Candidate(change=Change.PYTHON, libraries=tuple(libraries), python=one) for one in nearest]
    return tuple(sorted(found, key=lambda one: TRIED.index(one.change)))[:MOST]


def wanted(candidate: Candidate, found: Collection[Candidate]) -> bool:
    """Return whether a candidate is worth a trial, given those that resolved: no wider change than necessary."""
    if candidate.change is Change.PYTHON:  # the nearest one is enough
        return not any(one.change is Change.PYTHON for one in found)
    if candidate.change is Change.TOGETHER:
        return not any(one.change in ALONE for one in found)
    narrow = NARROW.get(candidate.change, set())
    return not any(one.change in narrow and one.positions == candidate.positions for one in found)


def fix_of(
    candidate: Candidate,
    libraries: Sequence[str],
    before: Mapping[str, str],
    after: Mapping[str, str],
    constraints: Sequence[str] = (),
) -> Fix:
    """Return the fix of a candidate that resolved.

    `libraries` are the present lines, `before` the versions that are known of the present state, `after` those of the
    resolution; both by normalised name. A loosened line asks for the release that was chosen or a newer one.
    """
    kept = constraints if candidate.constraints is None else candidate.constraints
    ended = [one for one in constraints if one not in kept]
    known = {**before, **pins(ended), **pins(libraries)}
    lines = list(candidate.libraries)
    changed: dict[str, None] = dict.fromkeys(canonicalize_name(Requirement(one).name) for one in ended)
    for place in candidate.positions:
        name = canonicalize_name(Requirement(libraries[place]).name)
        changed[name] = None
        if candidate.change is Change.NAME:
            changed[canonicalize_name(Requirement(lines[place]).name)] = None
        elif candidate.change is not Change.REMOVE and name in after:
            lines[place] = _at_least(libraries[place], lines[place], after[name])
    moved = [name for name in {**changed, **known} if _differs(known.get(name), after.get(name))]
    return Fix(
        words=_words(candidate, libraries, lines, ended),
        libraries=tuple(line for line in lines if line),
        python=candidate.python,
        constraints=candidate.constraints,
        change=candidate.change,
        moves=tuple(
            Move(name=name, before=known.get(name), after=after.get(name)) for name in moved if name in changed
        ),
        others=sum(name not in changed for name in moved),
        major=sum(
            step_of(known[name], after[name]) is Step.MAJOR for name in moved if name in known and name in after
        ),
        count=len(after),
    )


def names(detail: str, library: str) -> bool:
    """Return whether an explanation of a conflict names a library."""
    return re.search(rf"(?<![\w.-]){re.escape(library)}(?![\w-])", detail, re.IGNORECASE) is not None


def _differs(before: str | None, after: str | None) -> bool:
    """Return whether versions differ; `2.15` and `2.15.0` are the same one."""
    return before != after and (before is None or after is None or step_of(before, after) is not None)


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


def pins(libraries: Sequence[str]) -> dict[str, str]:
    """Return the exact versions that lines ask for, by name."""
    found: dict[str, str] = {}
    for line in libraries:
        requirement = Requirement(line)
        exact = [one.version for one in requirement.specifier if one.operator == "==" and "*" not in one.version]
        if exact:
            found[canonicalize_name(requirement.name)] = exact[0]
    return found


def _edited(libraries: Sequence[str], change: Change, lines: Mapping[int, str]) -> Candidate:
    """Return a candidate with other lines; '' leaves one out, which keeps the positions of the others."""
    edited = tuple(lines.get(place, line) for place, line in enumerate(libraries))
    return Candidate(change=change, libraries=edited, positions=tuple(lines))


def _looser(line: str) -> list[tuple[Change, str]]:
    """Return a line with only lower bounds (`==1.2` and `~=1.2` become `>=1.2`), and without any."""
    wanted = Requirement(line)
    if not str(wanted.specifier):
        return []
    kept = SpecifierSet(",".join(filter(None, (_lower(one) for one in wanted.specifier))))
    found = [(Change.ANY, _with(line, SpecifierSet()))]
    return [(Change.NEWER, _with(line, kept)), *found] if str(kept) and kept != wanted.specifier else found


def _lower(one: Specifier) -> str:
    if one.operator in {"==", "~="}:
        return at_least(one)
    return "" if one.operator in UPPER else str(one)


def _with(line: str, specifier: SpecifierSet) -> str:
    loosened = Requirement(line)
    loosened.specifier = specifier
    return str(loosened)


def _at_least(line: str, loosened: str, version: str) -> str:
    """Return a loosened line that asks for at least the release of the chosen version, if it named a version at all.

    A line with only upper bounds stays without bounds: it did not ask for a release.
    """
    named = any(one.operator not in {"<", "<=", "!="} for one in Requirement(line).specifier)
    return _with(line, SpecifierSet(f">={release(version)}")) if named else loosened


def best_first(fixes: Iterable[Fix]) -> tuple[Fix, ...]:
    """Return fixes in their order, each result once: two changes may end at the same release."""
    found: dict[object, Fix] = {}
    for one in sorted(fixes, key=lambda fix: fix.rank):
        found.setdefault((one.libraries, one.python, one.constraints), one)
    return tuple(found.values())


def at_least(pin: Specifier) -> str:
    """Return the lower bound of a pin: without a local version (`+cu126`), which bounds cannot have (PEP 440)."""
    return f">={pin.version.removesuffix('.*').partition('+')[0]}"


def release(version: str) -> str:
    """Return the lower bound that stands for a version: its first two segments, or all of a pre-release."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return version
    if parsed.is_prerelease or parsed.epoch:
        return parsed.public
    return ".".join(str(one) for one in parsed.release[:2])


def _words(candidate: Candidate, libraries: Sequence[str], lines: Sequence[str], ended: Sequence[str]) -> str:
    if ended:
        return f"Clear the constraint {ended[0]}" if len(ended) == 1 else f"Clear {len(ended)} constraints"
    if candidate.python:
        return f"Use Python {candidate.python}"
    if candidate.change is Change.TOGETHER:
        return f"Use newer versions of {len(candidate.positions)} libraries"
    return _line_words(
        candidate.change, Requirement(libraries[candidate.positions[0]]), lines[candidate.positions[0]]
    )


def _line_words(change: Change, before: Requirement, line: str) -> str:
    if change is Change.REMOVE:
        return f"Remove {before.name}"
    if change is Change.NAME:
        return f"Use {Requirement(line).name} instead of {before.name}"
    if not str(Requirement(line).specifier):
        return f"Allow any version of {before.name}"
    return f"Use {line} instead of {before}"
