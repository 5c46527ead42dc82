"""The grammar of uv's explanation of a conflict: sentences become facts that keep every name, marker and range.

The texts that are read are those of `engine/resolving/uv_errors.py`: one line with reasons ("Because …"), then one
with what follows from them ("So …"). The phrases are those of uv's resolver (`pubgrub/report.rs`). A clause that no
rule knows is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

VERSION = r"[A-Za-z0-9!+*]+(?:[._-][A-Za-z0-9!+*]+)*"
PACKAGE = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?P<extra>\[[\w,.-]+\]|:[\w.-]+)?(?P<marker>\{[^{}]*\})?"
    rf"(?P<range>(?: ∅|(?:===|==|>=|<=|!=|~=|<|>){VERSION}(?:,(?:==|>=|<=|!=|~=|<|>){VERSION})*)?)"
)
LIST = re.compile(r"(?:one|all|any) of: ")
KNOWN = re.compile(r"we know from \((\d+)\) that ")
PYTHON = re.compile(r"the (requested|current) Python version \(([^)]+)\) does not satisfy ")
NUMBER = re.compile(r" \((\d+)\)$")
UNUSABLE = re.compile(r" (?:has|have|was|were|requires?|needs?|could not be) ")
CONFLICTING = re.compile(r", which (?:are incompatible|does not allow any versions)")
WORDS = frozenset({"you", "we", "only", "there", "the", "which", "one", "your"})  # begin clauses of other forms
YOU = ("your requirements", "the libraries", "the requirements")


class Kind(StrEnum):
    """What a fact says of its packages."""

    REQUIRES = "requires"  # subject depends on objects
    AVAILABLE = "available"  # only these versions of the subject are in the index
    MISSING = "missing"  # the index has no such version
    UNUSABLE = "unusable"  # the subject's versions cannot be used for `reason`
    PYTHON = "python"  # the Python in `reason` is not one of the subject
    EXCLUDED = "excluded"  # the subject cannot be used, which follows from other facts
    NEEDED = "needed"  # the subject must be used
    INCOMPATIBLE = "incompatible"  # the subjects exclude each other
    UNSATISFIABLE = "unsatisfiable"  # nothing satisfies the spec
    OTHER = "other"  # `reason` is text that no rule knows


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package with version ranges, each a specifier; no range means all versions. The spec itself has no name."""

    name: str
    extra: str = ""
    marker: str = ""
    ranges: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """One requirement per range, as uv writes it."""
        label = f"{self.name}{self.extra}{f'{{{self.marker}}}' if self.marker else ''}"
        return tuple(label + one for one in self.ranges) or (label,)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One clause. `step` is the number of the step that it repeats, 0 for none."""

    kind: Kind
    subjects: tuple[Package, ...] = ()
    objects: tuple[Package, ...] = ()
    reason: str = ""
    step: int = 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """Reasons and what follows from them (None at the end of an incomplete text). Later steps name its `number`."""

    reasons: tuple[Fact, ...]
    conclusion: Fact | None = None
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Message:
    """An explanation: its steps, and further lines, before the steps (`opening`) and after them (`notes`)."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()

    @property
    def facts(self) -> Iterator[Fact]:
        """Every reason, in order; what follows from reasons is not repeated."""
        for step in self.steps:
            yield from step.reasons


@lru_cache(maxsize=64)
def parse(detail: str) -> Message:
    """Parse an explanation, one line per step of the reasoning. Loses no text: unknown clauses are kept."""
    steps: list[Step] = []
    notes: list[str] = []
    opening: list[str] = []
    for line in filter(None, (one.strip() for one in detail.splitlines())):
        if line.startswith("So ") and steps and steps[-1].conclusion is None:
            number = NUMBER.search(line)
            text = NUMBER.sub("", line).removeprefix("So ").rstrip(".")
            conclusion = _Clauses(text).all()
            last = conclusion[0] if len(conclusion) == 1 else Fact(kind=Kind.OTHER, reason=text)
            steps[-1] = Step(reasons=steps[-1].reasons, conclusion=last, number=int(number[1]) if number else 0)
        elif found := re.match(r"(?:And because|Because) ", line):
            steps.append(_step(line[found.end() :].rstrip(".")))
        else:
            facts = _Clauses(line.rstrip(".")).all()
            if all(fact.kind is Kind.REQUIRES for fact in facts):
                steps.append(Step(reasons=facts))
            else:
                (notes if steps else opening).append(line)
    return Message(steps=tuple(steps), notes=tuple(notes), opening=tuple(opening))


def _step(text: str) -> Step:
    """Parse the reasons of a step. What follows stands on a line of its own, but for two repeated reasons."""
    reasons = _Clauses(text).all()
    if reasons[0].kind is not Kind.OTHER:
        return Step(reasons=reasons)
    for found in reversed(list(re.finditer(", ", text))):
        before, after = _Clauses(text[: found.start()]).all(), _Clauses(text[found.end() :]).all()
        if before[0].kind is not Kind.OTHER and after[0].kind is not Kind.OTHER and len(after) == 1:
            return Step(reasons=before, conclusion=after[0])
    return Step(reasons=reasons)


class _Clauses:
    """A recursive descent parser of `clause and clause …`; a position is an index into the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def all(self) -> tuple[Fact, ...]:
        return self._from(0) or (Fact(kind=Kind.OTHER, reason=self._text),)

    def _from(self, at: int) -> tuple[Fact, ...] | None:
        """Parse the rest of the text as clauses; None when it is something else."""
        for fact, end in self._clauses_at(at):
            if end == len(self._text):
                return (fact,)
            if (following := self._after(end, " and ", ", and ")) is not None and (rest := self._from(following)):
                return (fact, *rest)
        return None

    def _clauses_at(self, at: int) -> Iterator[tuple[Fact, int]]:
        """Yield each way to read one clause, with its end."""
        if known := KNOWN.match(self._text, at):
            for fact, end in self._clauses_at(known.end()):
                yield replace(fact, step=int(known[1])), end
            return
        for read in (self._python, self._available, self._missing, self._requires, self._verdict, self._unusable):
            yield from read(at)

    def _after(self, at: int, *words: str) -> int | None:
        return next((at + len(one) for one in words if self._text.startswith(one, at)), None)

    def _python(self, at: int) -> Iterator[tuple[Fact, int]]:
        if (found := PYTHON.match(self._text, at)) and (package := self._package(found.end())):
            yield Fact(kind=Kind.PYTHON, subjects=(package[0],), reason=found[2]), package[1]

    def _available(self, at: int) -> Iterator[tuple[Fact, int]]:
        listed = self._after(at, "only the following versions of ")
        if listed is not None and (label := PACKAGE.match(self._text, listed)):
            start = self._after(label.end(), " are available: ")
            if start is not None and (package := self._items(start)):
                yield Fact(kind=Kind.AVAILABLE, subjects=(package[0],)), package[1]
        single = self._after(at, "only ")
        if single is not None and (package := self._package(single)):
            end = self._after(package[1], " is available", " are available")
            if end is not None:
                yield Fact(kind=Kind.AVAILABLE, subjects=(package[0],)), end

    def _missing(self, at: int) -> Iterator[tuple[Fact, int]]:
        start = self._after(at, "there is no version of ", "there are no versions of ")
        if start is not None and (package := self._package(start)):
            yield Fact(kind=Kind.MISSING, subjects=(package[0],)), package[1]

    def _requires(self, at: int) -> Iterator[tuple[Fact, int]]:
        start = self._after(at, "you require ", "your project requires ")
        subject: tuple[Package, ...] = ()
        if start is None and (package := self._package(at)):
            subject, start = (package[0],), self._after(package[1], " depends on ", " depend on ")
        if start is None or (first := self._package(start)) is None:
            return
        objects, end = [first[0]], first[1]
        found = [(tuple(objects), end)]
        while (following := self._after(end, " and ")) is not None and (package := self._package(following)):
            objects.append(package[0])
            end = package[1]
            found.append((tuple(objects), end))
        for several, stop in found:  # as few as possible: the next clause may begin with a package too
            closing = CONFLICTING.match(self._text, stop)
            reason = closing[0].removeprefix(", ") if closing else ""
            yield (
                Fact(kind=Kind.REQUIRES, subjects=subject, objects=several, reason=reason),
                closing.end() if closing else stop,
            )

    def _verdict(self, at: int) -> Iterator[tuple[Fact, int]]:
        subjects: list[Package] = []
        end: int | None = at
        while end is not None and (package := self._subject(end)):
            subjects.append(package[0])
            stop = package[1]
            for words, kind in VERDICTS:
                all_of_it = kind is not Kind.UNSATISFIABLE or not any(one.name for one in subjects)
                if all_of_it and (after := self._after(stop, words)) is not None:
                    yield Fact(kind=kind, subjects=tuple(subjects)), after
            end = self._after(stop, " and ", ", ", " , ")

    def _unusable(self, at: int) -> Iterator[tuple[Fact, int]]:
        package = self._package(at)
        if package is None or not (verb := UNUSABLE.match(self._text, package[1])):
            return
        ends = [found.start() for found in re.compile(r",? and ").finditer(self._text, verb.end())]
        yield from (
            (Fact(kind=Kind.UNUSABLE, subjects=(package[0],), reason=self._text[package[1] : end].strip()), end)
            for end in (*ends, len(self._text))
        )

    def _subject(self, at: int) -> tuple[Package, int] | None:
        end = self._after(at, *YOU)
        return (Package(name=""), end) if end is not None else self._package(at)

    def _package(self, at: int) -> tuple[Package, int] | None:
        if listed := LIST.match(self._text, at):
            return self._items(listed.end())
        every = self._after(at, "all versions of ")
        found = PACKAGE.match(self._text, at if every is None else every)
        return (_package(found), found.end()) if found and found[0] not in WORDS else None

    def _items(self, at: int) -> tuple[Package, int] | None:
        """Parse a list of ranges of one package, which uv writes one per line."""
        found = PACKAGE.match(self._text, at)
        if found is None:
            return None
        first, end = _package(found), found.end()
        ranges = list(first.ranges)
        while (following := self._after(end, " ")) is not None and (more := PACKAGE.match(self._text, following)):
            other = _package(more)
            if (other.name, other.extra, other.marker) != (first.name, first.extra, first.marker):
                break
            ranges += other.ranges
            end = more.end()
        return Package(name=first.name, extra=first.extra, marker=first.marker, ranges=tuple(ranges)), end


VERDICTS = (
    (" cannot be used", Kind.EXCLUDED),
    (" must be used", Kind.NEEDED),
    (" are incompatible", Kind.INCOMPATIBLE),
    (" are unsatisfiable", Kind.UNSATISFIABLE),
    (" do not fit together", Kind.UNSATISFIABLE),
)


def _package(found: re.Match[str]) -> Package:
    return Package(
        name=found["name"],
        extra=found["extra"] or "",
        marker=(found["marker"] or "").strip("{}"),
        ranges=(found["range"].strip(),) if found["range"] else (),
    )
