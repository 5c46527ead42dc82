"""Updating a whole old list: which requirements to relax, in which order, and which libraries to leave out.

At first every pinned requirement asks for its version or a newer one, and bounds that people wrote are kept. What
then still conflicts is relaxed further, only for the libraries that the conflict names. A library is left out when
nothing else helps, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.comparison.diff import Step, step_of
from assay.core.conflicts.fixes import at_least, names, pins, release
from assay.core.conflicts.former_names import former
from assay.core.conflicts.message import Fact, Kind, parse
from assay.core.conflicts.words import NO_WHEEL, fact_words

PINS = frozenset({"==", "===", "~="})
LAST = 3  # the level without any bound


@dataclass(frozen=True, kw_only=True)
class Removed:
    """A line that is left out, and why."""

    line: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """A line whose library has another name now, and why."""

    before: str
    after: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class UpdateState:
    """The lines that are still asked for, by name, each with its level of relaxation; and what was changed.

    Level 0: a pin asks for its version or a newer one. 1: a pin asks for any version. 2: lower bounds end, too.
    3: no bound is left.
    """

    lines: Mapping[str, str]
    levels: Mapping[str, int] = field(default_factory=dict)
    removed: tuple[Removed, ...] = ()
    replaced: tuple[Replaced, ...] = ()

    @property
    def libraries(self) -> tuple[str, ...]:
        """The lines to resolve."""
        return tuple(relaxed_line(line, self.levels.get(name, 0)) for name, line in self.lines.items())


@dataclass(frozen=True, kw_only=True)
class UpdatedLibrary:
    """One library that was asked for: its old version ('' where none was pinned), its range, and its new version."""

    name: str
    before: str
    asked: str
    after: str
    step: Step | None


def begin(libraries: Sequence[str], python: str) -> UpdateState:
    """Return the state before the first resolution: former names are replaced or left out."""
    lines: dict[str, str] = {}
    removed: list[Removed] = []
    replaced: list[Replaced] = []
    for line in libraries:
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        found = former(name, python)
        if found is not None and not found.successor:
            removed.append(Removed(line=line, reason=found.reason))
            continue
        if found is not None:
            requirement.name, requirement.specifier = found.successor, SpecifierSet()
            replaced.append(Replaced(before=line, after=str(requirement), reason=found.reason))
            lines.setdefault(canonicalize_name(found.successor), str(requirement))
            continue
        lines[_key(requirement, lines)] = line
    return UpdateState(lines=lines, removed=tuple(removed), replaced=tuple(replaced))


def _key(requirement: Requirement, lines: Mapping[str, str]) -> str:
    """Return the name of a requirement; one name may stand on several lines with markers."""
    name = canonicalize_name(requirement.name)
    return name if name not in lines else f"{name} {requirement.marker or len(lines)}"


def relaxed(state: UpdateState, detail: str) -> UpdateState | None:
    """Return the next state to resolve after a conflict, None when the conflict names nothing that was asked for."""
    facts = tuple(parse(detail).facts)
    unusable = {_name(one): one for one in facts if _is_hopeless(one)}
    lost = [name for name in state.lines if _library(name) in unusable]
    if lost:
        return _without(state, {name: _why(unusable[_library(name)]) for name in lost})
    blamed = [name for name in state.lines if names(detail, _library(name))]
    raised = {name: level for name in blamed if (level := _next_level(state, name)) is not None}
    if raised:
        return replace(state, levels={**state.levels, **raised})
    if not blamed:
        return None
    chosen = _least_wanted(blamed, facts)
    return _without(state, {chosen: _reason(_library(chosen), facts)})


def relaxed_line(line: str, level: int) -> str:
    """Return a line at a level of relaxation (see `UpdateState`), as it was written where nothing changes."""
    requirement = Requirement(line)
    parts = (_at_level(one, level) for one in requirement.specifier)
    kept = SpecifierSet(",".join(sorted(filter(None, parts))))
    if kept == requirement.specifier:
        return line
    requirement.specifier = kept
    return str(requirement)


def with_sources(state: UpdateState, versions: Mapping[str, str]) -> UpdateState | None:
    """Return the state with what was left out for want of a wheel, None if nothing was.

    The others ask for the releases that were chosen: a source distribution of an old version is no alternative.
    """
    without = [one for one in state.removed if one.reason == f"has {NO_WHEEL}"]
    if not without:
        return None
    lines = dict(zip(state.lines, new_lines(state, versions), strict=True))
    for one in without:
        lines[_key(Requirement(one.line), lines)] = one.line
    return replace(state, lines=lines, levels={}, removed=tuple(one for one in state.removed if one not in without))


def new_lines(state: UpdateState, versions: Mapping[str, str]) -> tuple[str, ...]:
    """Return the lines to keep after a resolution: what was relaxed asks for the chosen release or a newer one."""
    found = []
    for name, line in state.lines.items():
        present = relaxed_line(line, state.levels.get(name, 0))
        version = versions.get(_library(name))
        if version and present != line:
            requirement = Requirement(present)
            bounds = [str(one) for one in requirement.specifier if one.operator not in {">=", ">"}]
            requirement.specifier = SpecifierSet(",".join([*bounds, f">={release(version)}"]))
            present = str(requirement)
        found.append(present)
    return tuple(found)


def updated_libraries(
    libraries: Sequence[str], state: UpdateState, versions: Mapping[str, str]
) -> tuple[UpdatedLibrary, ...]:
    """Return each library that was asked for and is installed now, changed ones first, then by name."""
    old = pins(libraries)
    for one in state.replaced:
        old.update(
            {canonicalize_name(Requirement(one.after).name): version for version in pins([one.before]).values()}
        )
    asked = {str(canonicalize_name(one.name)): str(one.specifier) for one in map(Requirement, libraries)}
    rows = []
    for name in dict.fromkeys(_library(one) for one in state.lines):
        before = old.get(name, "")
        if after := versions.get(name, ""):
            step = step_of(before, after) if before else None
            rows.append(UpdatedLibrary(name=name, before=before, asked=asked.get(name, ""), after=after, step=step))
    order = {Step.MAJOR: 0, Step.MINOR: 1, Step.PATCH: 2}
    return tuple(sorted(rows, key=lambda row: (order.get(row.step, 3) if row.step else 3, row.name)))


def _at_level(one: Specifier, level: int) -> str:
    if level >= LAST:
        return ""
    if one.operator in PINS:
        return at_least(one) if level == 0 else ""
    return "" if level > 1 and one.operator in {">=", ">"} else str(one)


def _next_level(state: UpdateState, name: str) -> int | None:
    """Return the next level at which the line differs from the present one."""
    line, level = state.lines[name], state.levels.get(name, 0)
    present = relaxed_line(line, level)
    return next((one for one in range(level + 1, LAST + 1) if relaxed_line(line, one) != present), None)


def _library(key: str) -> str:
    return key.partition(" ")[0]


def _name(fact: Fact) -> str:
    return canonicalize_name(fact.subjects[0].name)


def _is_hopeless(fact: Fact) -> bool:
    """Return whether a fact says that no version of its library can be used, whatever is asked for."""
    return fact.kind is Kind.UNUSABLE and not fact.subjects[0].ranges and not fact.subjects[0].marker


def _least_wanted(blamed: Sequence[str], facts: Sequence[Fact]) -> str:
    """Return the library to leave out: one that cannot be used, else one that requires others, else the last."""
    unusable = {_name(one) for one in facts if one.kind is Kind.UNUSABLE}
    python = {_name(one) for one in facts if one.subjects and any(needed.name == "Python" for needed in one.objects)}
    requiring = {_name(one) for one in facts if one.kind is Kind.REQUIRES and one.subjects}
    required = {canonicalize_name(one.name) for fact in facts if fact.subjects for one in fact.objects}
    for group in (unusable, python, requiring - required, requiring):
        found = [name for name in blamed if _library(name) in group]
        if found:
            return found[-1]
    return blamed[-1]


def _reason(name: str, facts: Sequence[Fact]) -> str:
    """Return why a library is left out: what the conflict says of it, in words."""
    own = [one for one in facts if one.subjects and _name(one) == name]
    for kind in (Kind.UNUSABLE, Kind.REQUIRES):
        found = next((one for one in own if one.kind is kind), None)
        if found:
            return _why(found)
    return "does not fit together with the others"


def _why(fact: Fact) -> str:
    """Return a fact in words that follow the name of its library."""
    label = rf"{re.escape(fact.subjects[0].name)}\S*"
    return re.sub(rf"^(?:Every version of )?{label}(?: or {label})* ", "", fact_words(fact))


def _without(state: UpdateState, reasons: Mapping[str, str]) -> UpdateState:
    left_out = tuple(Removed(line=state.lines[name], reason=reason) for name, reason in reasons.items())
    kept = {name: line for name, line in state.lines.items() if name not in reasons}
    return replace(state, lines=kept, removed=state.removed + left_out)
