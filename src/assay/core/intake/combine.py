"""One list of libraries out of several files: each entry is taken, merged into another one, or left out for a reason.

Nothing is lost silently: the entries of a file are those taken, merged and left out, together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from assay.core.errors import AssayError, InvalidInputError
from assay.core.intake.document import Document, Entry
from assay.core.intake.markers import Truth, Variables, truth
from assay.core.spec import SINGLE_EQUALS, parse_library

CONSTRAINTS = re.compile(r"(.*[-_.])?constraints?([-_.].*)?\.(txt|in)", re.IGNORECASE)


class Outcome(StrEnum):
    """What became of an entry."""

    TAKEN = "taken"
    MERGED = "merged"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, kw_only=True)
class Result:
    """An entry with what became of it.

    `reason` says where it was merged, why it was left out, or what part of it was changed when it was taken.
    `name` is the normalised name of the library that it adds, '' for constraints and what is left out. `unselected`:
    it belongs to a choice that is not selected.
    """

    entry: Entry
    outcome: Outcome
    reason: str = ""
    name: str = ""
    unselected: bool = False


@dataclass(frozen=True, kw_only=True)
class GivenFile:
    """A file as it was given: read, or with the error that prevented it."""

    name: str
    document: Document | None = None
    error: AssayError | None = None


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """A file with what became of each of its entries."""

    name: str
    document: Document | None
    error: AssayError | None
    results: tuple[Result, ...]

    @property
    def taken(self) -> tuple[Result, ...]:
        """The entries on the list."""
        return self._of(Outcome.TAKEN)

    @property
    def merged(self) -> tuple[Result, ...]:
        """The entries that became part of another one."""
        return self._of(Outcome.MERGED)

    @property
    def left_out(self) -> tuple[Result, ...]:
        """The entries that are not on the list."""
        return self._of(Outcome.LEFT_OUT)

    def _of(self, outcome: Outcome) -> tuple[Result, ...]:
        return tuple(one for one in self.results if one.outcome is outcome)


@dataclass(frozen=True, kw_only=True)
class Combined:
    """Files that were read together, and their list: libraries and constraints are canonical PEP 508 lines.

    `conda` are requirements that only a conda channel can satisfy.
    """

    files: tuple[ReadFile, ...]
    libraries: tuple[str, ...]
    constraints: tuple[str, ...]
    conda: tuple[str, ...]


@dataclass
class _Kept:
    """A requirement on the list, with where it is from."""

    requirement: Requirement
    place: str
    weak: bool
    at: tuple[int, int]  # file and entry


@dataclass
class _List:
    """The libraries, or the constraints, that are on the list so far, by name and marker."""

    kept: dict[tuple[str, str], _Kept] = field(default_factory=dict)

    def lines(self) -> tuple[str, ...]:
        return tuple(str(one.requirement) for one in self.kept.values())


def combine(
    files: Sequence[GivenFile], pythons: Sequence[Variables], *, selected: Sequence[tuple[str, str]] | None = None
) -> Combined:
    """Combine files into one list.

    `selected` are the chosen (file, choice) pairs, None for those that the files select themselves. `pythons` are the
    marker variables of each Python that may be used.
    """
    return _Combination(files, pythons, selected).run()


class _Combination:
    def __init__(
        self, files: Sequence[GivenFile], pythons: Sequence[Variables], selected: Sequence[tuple[str, str]] | None
    ) -> None:
        self._files, self._pythons = files, pythons
        self._selected = set(_preselected(files) if selected is None else selected)
        self._given = {PurePosixPath(one.name).name for one in files if one.document}
        self._limiting = {
            PurePosixPath(entry.include).name
            for one in files
            if one.document
            for entry in one.document.entries
            if entry.include and entry.limits
        } | _constraint_files(self._given)
        self._libraries, self._constraints = _List(), _List()
        self._results: list[list[Result]] = []
        self._truths: dict[str, Truth] = {}

    def run(self) -> Combined:
        for number, file in enumerate(self._files):
            entries = file.document.entries if file.document else ()
            self._results.append([])
            for position, entry in enumerate(entries):
                self._results[number].append(self._result(file, entry, (number, position)))
        read = tuple(
            ReadFile(name=one.name, document=one.document, error=one.error, results=tuple(results))
            for one, results in zip(self._files, self._results, strict=True)
        )
        conda = dict.fromkeys(result.entry.conda for one in read for result in one.results if result.entry.conda)
        return Combined(
            files=read,
            libraries=self._libraries.lines(),
            constraints=self._constraints.lines(),
            conda=tuple(conda),
        )

    def _result(self, file: GivenFile, entry: Entry, at: tuple[int, int]) -> Result:
        if entry.choice and (file.name, entry.choice) not in self._selected:
            reason = f"belongs to {entry.choice}, which is not selected"
            return Result(entry=entry, outcome=Outcome.LEFT_OUT, reason=reason, unselected=True)
        if entry.include:
            return self._include(file, entry)
        if not entry.library:
            return _left_out(entry, entry.reason or "is not a library")
        limits = entry.limits or PurePosixPath(file.name).name in self._limiting
        requirement = self._requirement(entry.library, limits=limits)
        if isinstance(requirement, str):
            return _left_out(entry, requirement)
        place = f"line {entry.line}" if entry.line else f"{entry.text[:60]!r}"
        new = _Kept(requirement, f"{place} of {file.name}" if len(self._files) > 1 else place, entry.weak, at)
        return self._add(self._constraints if limits else self._libraries, new, entry)

    def _requirement(self, line: str, *, limits: bool) -> Requirement | str:
        """Return the requirement of a line, or the reason why it is left out."""
        single = SINGLE_EQUALS.fullmatch(line)
        try:
            requirement = parse_library(f"{single[1]}=={single[2]}" if single else line)
        except InvalidInputError as error:
            return error.detail.removeprefix("Line 1: ")
        if requirement.marker is not None:
            found = self._truth(requirement.marker)
            if found is Truth.NEVER:
                return f"is for other systems or Pythons only: {requirement.marker}"
            requirement.marker = None if found is Truth.ALWAYS else requirement.marker
        if limits:
            requirement.extras = set()
        return requirement if requirement.specifier or not limits else "limits no version"

    def _truth(self, marker: Marker) -> Truth:
        """Return on which Pythons a marker holds; the markers of a file are few."""
        key = str(marker)
        if key not in self._truths:
            self._truths[key] = truth(marker, self._pythons)
        return self._truths[key]

    def _include(self, file: GivenFile, entry: Entry) -> Result:
        name = PurePosixPath(entry.include.replace("\\", "/")).name
        if name in self._given and name != PurePosixPath(file.name).name:  # another one of its own name is not here
            return Result(entry=entry, outcome=Outcome.MERGED, reason=f"{name} is among the files")
        what = "limits versions" if entry.limits else "lists more libraries"
        return _left_out(entry, f"{what} in {name[:80]}: import that file too")

    def _add(self, to: _List, new: _Kept, entry: Entry) -> Result:
        key = (canonicalize_name(new.requirement.name), str(new.requirement.marker or ""))
        name = key[0] if to is self._libraries else ""
        old = to.kept.get(key)
        if old is None:
            to.kept[key] = new
            return Result(entry=entry, outcome=Outcome.TAKEN, reason=entry.note, name=name)
        if old.weak and not new.weak:
            new.requirement.extras |= old.requirement.extras
            to.kept[key] = new
            self._replace(old.at, f"{new.place} names the same library and counts")
            return Result(entry=entry, outcome=Outcome.TAKEN, reason=entry.note, name=name)
        joined = _joined(old.requirement.specifier, new.requirement.specifier)
        if new.weak and not old.weak:
            joined = old.requirement.specifier
        if joined is None:
            reason = f"asks for another version than {old.place}, {old.requirement}, which counts"
            return _left_out(entry, reason)
        old.requirement.specifier = joined
        old.requirement.extras |= new.requirement.extras
        return Result(entry=entry, outcome=Outcome.MERGED, reason=f"{old.place} names the same library", name=name)

    def _replace(self, at: tuple[int, int], reason: str) -> None:
        number, position = at
        result = self._results[number][position]
        self._results[number][position] = replace(result, outcome=Outcome.MERGED, reason=reason)


def _preselected(files: Sequence[GivenFile]) -> Iterator[tuple[str, str]]:
    for one in files:
        if one.document:
            yield from ((one.name, choice.name) for choice in one.document.choices if choice.selected)


def _constraint_files(names: AbstractSet[str]) -> set[str]:
    """Return the files that are named as constraints, if others are given with them."""
    found = {one for one in names if CONSTRAINTS.fullmatch(one)}
    return found if len(found) < len(names) else set()


def _left_out(entry: Entry, reason: str) -> Result:
    return Result(entry=entry, outcome=Outcome.LEFT_OUT, reason=reason)


def _joined(one: SpecifierSet, two: SpecifierSet) -> SpecifierSet | None:
    """Return both conditions as one, the exact version where one names it, None where no version fulfils both."""
    both = SpecifierSet(",".join(dict.fromkeys(part for part in (*_parts(one), *_parts(two)))))
    exact = {str(part) for part in both if part.operator == "==" and not part.version.endswith(".*")}
    if len(exact) > 1 or both.is_unsatisfiable():
        return None
    return SpecifierSet(exact.pop()) if exact else both


def _parts(specifiers: SpecifierSet) -> list[str]:
    return [part for part in str(specifiers).split(",") if part]
