"""The plan of a merge: the union of what several versions ask for, and what stands in its way.

Requirements on the same library are joined: specifiers by intersection, extras by union, line by line for equal
markers. Laws (tests/core/maintenance/test_merge_plan.py): every requirement of every source is covered, or the plan
names it; the order of the sources changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from assay.core.comparison.similarity import applies
from assay.core.errors import InvalidInputError
from assay.core.formatting import plural
from assay.core.maintenance.unused import closure, needed_by_kernels
from assay.core.spec import PYTHON, name_of, requirement

LEAST_SOURCES, MOST_SOURCES = 2, 5


class By(StrEnum):
    """What a merged version contains: all direct libraries of its sources, or only the imported ones among them."""

    ASKED = "asked"
    IMPORTED = "imported"


class Reason(StrEnum):
    """Why a direct library of a source is not in the merged version as that source asks for it."""

    LEFT_OUT = "left out by choice"
    NOT_IMPORTED = "not imported in 90 days"
    OTHER_REQUIREMENT = "another requirement was chosen"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A version to merge. `lines` are the direct ones of its spec, and of its bases unless `base` stays the base.

    `dependencies` maps each locked library to what it needs. `imported` are the libraries that people imported from
    it, None when no session was recorded. `people` launched it lately.
    """

    reference: str
    python: str
    base: str
    lines: tuple[str, ...]
    versions: Mapping[str, str]
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    imported: frozenset[str] | None = None
    people: int = 0


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Decisions of a person: `python` ('' for the newest that resolves), libraries to `leave` out, and `take`.

    `take` maps a library to the source whose requirement on it counts alone.
    """

    python: str = ""
    leave: frozenset[str] = frozenset()
    take: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The requirement of one source."""

    reference: str
    line: str


@dataclass(frozen=True, kw_only=True)
class MergedLine:
    """One line of the merged spec, and the sources that ask for its library."""

    name: str
    line: str
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Exclusion:
    """Requirements on a library that no version satisfies together, and the sources that have them."""

    name: str
    wanted: tuple[Wanted, ...]

    @property
    def words(self) -> str:
        """A sentence that names each requirement with its source."""
        told = ", ".join(f"{one.reference} asks for {one.line}" for one in self.wanted)
        return f"No version of {self.name} fits: {told}."


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """A requirement of one source that the merged version does not promise to satisfy, with the reason."""

    reference: str
    name: str
    line: str
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class MergePlan:
    """What a merge asks for. `exclusions` must be resolved by choices first.

    `base` is the common base, '' for none; `pythons` are those of the sources, newest first. `added` are libraries
    that are imported although no source asks for them, and that would otherwise be lost. `unrecorded` are sources
    without a recorded session: all that they ask for counts.
    """

    by: By
    sources: tuple[str, ...]
    base: str
    pythons: tuple[str, ...]
    lines: tuple[MergedLine, ...]
    exclusions: tuple[Exclusion, ...]
    unmet: tuple[Unmet, ...]
    added: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """The lines of the merged spec, by name."""
        return tuple(one.line for one in self.lines)


def parse_choices(leave: Sequence[str], take: Sequence[str], python: str) -> Choices:
    """Return choices from text; `take` are `library:name@number`. Raises InvalidInputError."""
    taken = {}
    for one in take:
        name, colon, reference = one.partition(":")
        if not colon:
            raise InvalidInputError(
                f"{one[:80]!r} names no version.", hint="Write library:name@number, e.g. pandas:geo@3.", path="take"
            )
        taken[name.strip()] = reference.strip()
    return Choices(python=python.strip(), leave=frozenset(one.strip() for one in leave), take=taken)


def plan(sources: Sequence[Source], by: By, choices: Choices | None = None) -> MergePlan:
    """Plan the union of two to five versions. Raises InvalidInputError for another number, or an unknown choice.

    A library that is not a choice of any source is ignored in `choices.leave`, so that an address stays valid.
    """
    choices = choices or Choices()
    ordered = sorted(sources, key=lambda one: one.reference)
    check_sources([one.reference for one in ordered])
    _check_choices(choices, ordered)
    python = choices.python or newest_python(one.python for one in ordered)
    wanted, unmet, added = _wanted(ordered, by, choices, python)
    lines, exclusions = _join(wanted, python)
    bases = {one.base for one in ordered}
    return MergePlan(
        by=by,
        sources=tuple(one.reference for one in ordered),
        base=bases.pop() if len(bases) == 1 else "",
        pythons=tuple(sorted({one.python for one in ordered}, key=_python_key, reverse=True)),
        lines=lines,
        exclusions=exclusions,
        unmet=unmet,
        added=added,
        unrecorded=tuple(one.reference for one in ordered if by is By.IMPORTED and one.imported is None),
    )


def check_sources(references: Sequence[str]) -> None:
    """Raise InvalidInputError unless there are two to five different references."""
    if len(set(references)) != len(references):
        raise InvalidInputError("A version is named twice.", hint="Name each version once.", path="versions")
    if not LEAST_SOURCES <= len(references) <= MOST_SOURCES:
        raise InvalidInputError(
            f"{plural(len(references), 'version')}; {LEAST_SOURCES} to {MOST_SOURCES} can be merged.",
            hint="Choose two to five versions, such as geo@3 and tiles@1.",
            path="versions",
        )


def _check_choices(choices: Choices, sources: Sequence[Source]) -> None:
    if choices.python and not PYTHON.fullmatch(choices.python):
        raise InvalidInputError(
            f"{choices.python[:40]!r} is not a Python version.", hint="Write it as 3.11.", path="python"
        )
    known = {one.reference: {name_of(line) for line in one.lines} for one in sources}
    for name, reference in choices.take.items():
        if name not in known.get(reference, set()):
            raise InvalidInputError(
                f"{reference[:80]} does not ask for {name[:80]}.",
                hint="Take the requirement of a source that has one.",
                path="take",
            )


def newest_python(pythons: Iterable[str]) -> str:
    """Return the newest of some Python versions such as `3.9` and `3.12`."""
    return max(pythons, key=_python_key)


def _python_key(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split("."))


def _wanted(
    sources: Sequence[Source], by: By, choices: Choices, python: str
) -> tuple[list[Wanted], tuple[Unmet, ...], tuple[str, ...]]:
    """Return the requirements that count, those that do not with the reason, and libraries to add by name."""
    wanted: list[Wanted] = []
    unmet: list[Unmet] = []
    needed: list[str] = []
    for source in sources:
        kept = _imported_names(source) if by is By.IMPORTED else None
        for line in source.lines:
            reason = _reason(name_of(line), source.reference, kept, choices)
            if reason is None:
                wanted.append(Wanted(reference=source.reference, line=line))
            elif applies(line, source.python) or applies(line, python):
                unmet.append(Unmet(reference=source.reference, name=name_of(line), line=line, reason=reason))
        if kept is not None:
            needed += _unreached(source, kept)
    named = {name_of(one.line) for one in wanted}
    added = tuple(sorted(set(needed) - named - choices.leave))
    wanted += [Wanted(reference=one.reference, line=name) for name in added for one in sources if _lost(one, name)]
    return wanted, tuple(unmet), added


def _reason(name: str, reference: str, kept: frozenset[str] | None, choices: Choices) -> Reason | None:
    """Return why a requirement does not count, None when it does."""
    if name in choices.leave:
        return Reason.LEFT_OUT
    if kept is not None and name not in kept:
        return Reason.NOT_IMPORTED
    if choices.take.get(name, reference) != reference:
        return Reason.OTHER_REQUIREMENT
    return None


def _imported_names(source: Source) -> frozenset[str] | None:
    """Return the direct libraries that are imported, or that an imported one or kernels need; None when unknown."""
    if source.imported is None:
        return None
    direct = {name_of(line) for line in source.lines}
    used = {one for one in source.versions if one in source.imported or (one in direct and needed_by_kernels(one))}
    return frozenset(direct & closure(used, source.dependencies))


def _unreached(source: Source, kept: frozenset[str]) -> set[str]:
    """Return the imported libraries that no kept direct one brings: they came with one that is left out."""
    return set((source.imported or frozenset()) & source.versions.keys()) - closure(kept, source.dependencies)


def _lost(source: Source, name: str) -> bool:
    return source.imported is not None and name in source.imported and name in source.versions


def _join(wanted: Sequence[Wanted], python: str) -> tuple[tuple[MergedLine, ...], tuple[Exclusion, ...]]:
    """Join the requirements on each library, by name; those that exclude each other are reported, not joined."""
    by_name: dict[str, list[Wanted]] = {}
    for one in wanted:
        by_name.setdefault(name_of(one.line), []).append(one)
    lines: list[MergedLine] = []
    exclusions: list[Exclusion] = []
    for name, asked in sorted(by_name.items()):
        if satisfiable([one.line for one in asked if applies(one.line, python)]):
            lines += _lines(name, asked)
        else:
            exclusions.append(Exclusion(name=name, wanted=tuple(dict.fromkeys(asked))))
    return tuple(lines), tuple(exclusions)


def _lines(name: str, asked: Sequence[Wanted]) -> list[MergedLine]:
    """Return one line for each marker, with the intersection of the specifiers and the union of the extras."""
    by_marker: dict[str, list[Wanted]] = {}
    for one in asked:
        by_marker.setdefault(str(requirement(one.line).marker or ""), []).append(one)
    found = []
    for _, group in sorted(by_marker.items()):
        joined = Requirement(str(requirement(group[0].line)))
        joined.name = name
        joined.extras = {extra for one in group for extra in requirement(one.line).extras}
        joined.specifier = SpecifierSet(
            ",".join(sorted({str(part) for one in group for part in requirement(one.line).specifier}))
        )
        sources = tuple(dict.fromkeys(one.reference for one in group))
        found.append(MergedLine(name=name, line=str(joined), sources=sources))
    return found


def satisfiable(lines: Sequence[str]) -> bool:
    """Return whether some version can satisfy all of these lines; only an index knows whether it exists.

    The set of fitting versions is a union of intervals whose ends are versions in the specifiers (PEP 440), so it
    is enough to try those versions, and versions right below and above each.
    """
    specifiers = [part for line in lines for part in requirement(line).specifier]
    literal = {one.version for one in specifiers if one.operator == "==="}
    tried = literal or {text for one in specifiers for text in _around(one)} | {"0"}
    joined = SpecifierSet(",".join(str(one) for one in specifiers))
    return any(_contains(joined, text) for text in sorted(tried))


def _contains(specifiers: SpecifierSet, text: str) -> bool:
    try:
        return bool(specifiers.contains(text, prereleases=True))
    except InvalidVersion:  # pragma: no cover - packaging 26 returns, earlier releases raise
        return False


@lru_cache(maxsize=4096)
def _around(specifier: Specifier) -> tuple[str, ...]:
    """Return the version in a specifier, versions right below and above it, and the first after its prefix."""
    text = specifier.version.removesuffix(".*")
    version = Version(text)
    epoch = f"{version.epoch}!" if version.epoch else ""
    release = list(version.release)
    last = next((place for place in reversed(range(len(release))) if release[place]), None)
    ends = [_dotted(release, place, 1) for place in range(len(release))]
    below = [] if last is None else [f"{_dotted(release, last, -1)}.99999999"]
    exact = ".".join(map(str, release))
    later = [f"{exact}{version.pre[0]}{version.pre[1] + 1}"] if version.pre else []
    above = (f"{exact}.0.0.1", f"{exact}.dev0", f"{exact}.post1", *later)
    return (text, *(f"{epoch}{one}" for one in (*ends, *below, exact, *above)))


def _dotted(release: Sequence[int], place: int, step: int) -> str:
    """Return the release up to a segment, with that segment changed by a step."""
    return ".".join(map(str, (*release[:place], release[place] + step)))
