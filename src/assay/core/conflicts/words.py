"""A conflict as a chain in plain words: one line per fact, each in parts that are text or code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.core.conflicts.message import Fact, Kind, Message, Package

NO_WHEEL = "no wheel for this Python and system"  # but perhaps a source distribution
REASONS = (  # uv's words for why versions cannot be used, and ours
    (r"no wheels with a matching Python (?:implementation|ABI|version) tag", "no wheel for this Python"),
    (r"no wheels with a free-threading compatible ABI tag", "no wheel for this Python"),
    (r"no wheels with a matching platform tag", "no wheel for this system"),
    (r"no wheels with valid tags|no available distributions", "no file that can be installed"),
    (r"no usable wheels", NO_WHEEL),
    (r"yanked \(reason: (.*)\)", r"withdrawn by the authors: \1"),
    (r"yanked", "withdrawn by the authors"),
    (r"published after the exclude newer time", "newer than the policy's cool-down period allows"),
)
MOST_RANGES = 3  # of one package in a line
BEFORE = {  # words before the subject
    Kind.AVAILABLE: "the index has only ",
    Kind.MISSING: "the index has no ",
    Kind.PYTHON: "this is Python {}, not ",
}
AFTER = {  # words after the subjects
    Kind.EXCLUDED: " cannot be used",
    Kind.NEEDED: " is needed",
    Kind.INCOMPATIBLE: " exclude each other",
}
VERBS = {"have": "has", "were": "was", "require": "requires", "need": "needs"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a line; `code` marks a requirement."""

    text: str
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chain; `follows` marks what follows from the lines before it."""

    parts: tuple[Part, ...]
    follows: bool = False

    @property
    def text(self) -> str:
        """The line without marks."""
        return "".join(one.text for one in self.parts)


def chain(message: Message) -> tuple[Line, ...]:
    """Return an explanation in plain words, each line once. That nothing fits together is not repeated."""
    lines: list[Line] = [Line(parts=_noted(note)) for note in message.opening]
    for step in message.steps:
        lines += [Line(parts=_parts(fact)) for fact in step.reasons if not fact.step]
        if step.conclusion and step.conclusion.kind is not Kind.UNSATISFIABLE:
            lines.append(Line(parts=(Part(text="So "), *_parts(step.conclusion, first=False)), follows=True))
    lines += [Line(parts=_noted(note)) for note in message.notes]
    return tuple(dict.fromkeys(lines))


def fact_words(fact: Fact) -> str:
    """Return one fact in plain words."""
    return "".join(one.text for one in _parts(fact))


def _parts(fact: Fact, *, first: bool = True) -> tuple[Part, ...]:
    found = _clause(fact)
    start = found[0].text
    if first and not found[0].code and start:
        found = [Part(text=start[0].upper() + start[1:]), *found[1:]]
    return tuple(one for one in found if one.text)


def _clause(fact: Fact) -> list[Part]:
    if fact.kind is Kind.REQUIRES:
        start = [*_every(fact.subjects[0]), Part(text=" requires ")] if fact.subjects else [Part(text="you require ")]
        return [*start, *_joined(fact.objects), Part(text=f", {fact.reason}" if fact.reason else "")]
    if fact.kind in BEFORE:
        return [Part(text=BEFORE[fact.kind].format(fact.reason)), *_either(fact.subjects[0])]
    if fact.kind in AFTER:
        return [*_joined(fact.subjects, every=True), Part(text=AFTER[fact.kind])]
    if fact.kind is Kind.UNUSABLE:
        missing = fact.reason.startswith("was not found")
        return [*(_either if missing else _every)(fact.subjects[0]), Part(text=f" {_reason(fact.reason)}")]
    return [Part(text=fact.reason or "nothing satisfies all requirements")]


def _reason(reason: str) -> str:
    if reason.startswith("was not found"):
        return "is in no package index of the workspace"
    verb, _, rest = reason.partition(" ")
    for pattern, words in REASONS:
        if found := re.match(pattern, rest):
            return f"{VERBS.get(verb, verb)} {found.expand(words)}"
    return f"{VERBS.get(verb, verb)} {rest}"


def _every(package: Package) -> list[Part]:
    if not package.name:
        return [Part(text="your list")]
    return [*([] if package.ranges else [Part(text="every version of ")]), *_either(package)]


def _either(package: Package) -> list[Part]:
    """Return the ranges of a package; of very many the first ones and the last."""
    parts: list[Part] = []
    texts = package.texts
    if len(texts) > MOST_RANGES:
        left_out = Part(text=f", {len(texts) - MOST_RANGES} more ranges")
        head = _either(
            Package(name=package.name, extra=package.extra, marker=package.marker, ranges=package.ranges[:2])
        )
        return [*head, left_out, Part(text=" or "), Part(text=texts[-1], code=True)]
    for text in texts:
        parts += [*([Part(text=" or ")] if parts else []), Part(text=text, code=True)]
    return parts


def _joined(packages: tuple[Package, ...], *, every: bool = False) -> list[Part]:
    parts: list[Part] = []
    for number, one in enumerate(packages):
        between = " and " if number == len(packages) - 1 else ", "
        parts += [*([Part(text=between)] if parts else []), *(_every(one) if every else _either(one))]
    return parts


def _noted(note: str) -> tuple[Part, ...]:
    """Return a note in parts: uv marks names with back-ticks."""
    pieces = note.rstrip(".").split("`")
    return tuple(Part(text=one, code=number % 2 == 1) for number, one in enumerate(pieces) if one)
