"""Grouping of findings for display: by kind and library, strongest effect first; notes by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import shorten

from assay.core.policy.findings import EFFECT_RANK, Effect, Finding

MOST_NAMED = 3  # findings of one kind and library that a line names
FEW_NOTES = 2  # notes of one kind that are written out
FEW_WARNINGS = 5  # groups of one kind of warning; more become one group
NO_FEED = "advisories/not-assessed"  # the key of the note that no advisory feed is loaded
LONGEST = 140  # characters of one finding in a line
# The text for many notes of one kind; {} is their number.
MANY: dict[str, str] = {
    "new-library": "{} libraries are new to this workspace",
    "licence-unknown": "{} libraries have no known licence",
    "licence-change": "{} libraries have another licence than before",
    "licences-denied": "{} libraries have a licence that the policy names",
    "minimum-age": "{} releases are only a few days old",
    "maximum-age": "{} releases are far behind the newest",
    "young-project": "{} projects are young",
    "project-status": "{} projects are no longer maintained",
    "yanked": "{} releases were yanked",
    "vulnerability": "{} known vulnerabilities",
    "other-index": "{} libraries come from another index than before",
    "startup-code": "{} files run code whenever Python starts",
    "file-conflict": "{} files belong to more than one library",
    "shadowed-command": "{} commands hide others of the same name",
    "record-mismatch": "{} libraries differ from their own list of files",
    "import-failure": "{} modules do not import here",
    "downgrade": "{} libraries move to an older version",
    "near-duplicate": "nearly the same as {} published environments",
    "spread": "{} libraries are in use in several other versions",
}


@dataclass(frozen=True, kw_only=True)
class FindingGroup:
    """Findings of one kind, shown as one line; they concern one library unless `library` is ''.

    `predicate` is the text of the findings, to follow the subject, and `words` the same text with the library.
    """

    findings: tuple[Finding, ...]  # the strongest effect first
    library: str
    version: str
    predicate: str
    words: str

    @property
    def effect(self) -> Effect:
        """The strongest effect among them."""
        return self.findings[0].effect

    @property
    def kind(self) -> str:
        """The kind of the rule that they violate."""
        return self.findings[0].kind

    @property
    def subject(self) -> str:
        """The library and its version, '' for the version as a whole."""
        return f"{self.library} {self.version}".strip()


@dataclass(frozen=True, kw_only=True)
class NoteGroup:
    """Notes of one kind, with a text that summarises them."""

    words: str
    findings: tuple[Finding, ...]


def group_findings(findings: Iterable[Finding]) -> tuple[FindingGroup, ...]:
    """Group findings by kind and library: strongest effect first, then in the order given.

    Many warnings of one kind about different libraries are one group, which lists the first of them.
    """
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for one in sorted(findings, key=lambda one: -EFFECT_RANK[one.effect]):
        found.setdefault((one.kind, one.library, one.version), []).append(one)
    return tuple(_merged([_about_library(several) for several in found.values()]))


def _merged(groups: Sequence[FindingGroup]) -> list[FindingGroup]:
    """Replace more than `FEW_WARNINGS` groups of one kind of warning by one group, in the place of the first."""
    warnings: dict[str, list[FindingGroup]] = {}
    for one in groups:
        if one.effect is Effect.WARN and one.kind in MANY:
            warnings.setdefault(one.kind, []).append(one)
    many = {kind: several for kind, several in warnings.items() if len(several) > FEW_WARNINGS}
    found: list[FindingGroup] = []
    for one in groups:
        if one.effect is not Effect.WARN or one.kind not in many:
            found.append(one)
        elif one is many[one.kind][0]:
            found.append(_about_many(many[one.kind]))
    return found


def _about_library(findings: Sequence[Finding]) -> FindingGroup:
    first, library = findings[0], findings[0].library
    words = _listed(short_words(first), findings[1:])
    return FindingGroup(
        findings=tuple(findings),
        library=library,
        version=first.version,
        predicate=_listed(_after_subject(first), findings[1:]),
        words=words if library in words else f"{library}: {words}",
    )


def _about_many(groups: Sequence[FindingGroup]) -> FindingGroup:
    findings = tuple(one for group in groups for one in group.findings)
    named = ", ".join(one.library for one in groups[:MOST_NAMED])
    words = f"{MANY[findings[0].kind].format(len(findings))}: {named} and {len(groups) - MOST_NAMED} more"
    return FindingGroup(findings=findings, library="", version="", predicate=words, words=words)


def _listed(first: str, others: Sequence[Finding]) -> str:
    """Return the first text plus those of the next findings, at most `MOST_NAMED` in all."""
    told = [_after_subject(one).removeprefix("has ") for one in others]
    more = len(told) - MOST_NAMED + 1
    return ", ".join([first, *told[: MOST_NAMED - 1]]) + (f" and {more} more" if more > 0 else "")


def group_notes(findings: Iterable[Finding]) -> tuple[NoteGroup, ...]:
    """Group notes by kind, in order of first appearance: a few one by one, many as a count.

    What was not assessed comes last, without the notes that there is no advisory feed: pages state that themselves.
    """
    found: dict[tuple[str, bool], list[Finding]] = {}
    for one in sorted(findings, key=lambda one: not one.assessed):
        if one.key == NO_FEED:
            continue
        found.setdefault((one.kind, one.assessed), []).append(one)
    groups: list[NoteGroup] = []
    for several in found.values():
        if len(several) <= FEW_NOTES:
            groups += [NoteGroup(words=short_words(one), findings=(one,)) for one in several]
        else:
            groups.append(NoteGroup(words=_many(several), findings=tuple(several)))
    return tuple(groups)


def _many(findings: Sequence[Finding]) -> str:
    template = MANY.get(findings[0].kind) if findings[0].assessed else None
    return template.format(len(findings)) if template else f"{short_words(findings[0])}, and {len(findings) - 1} more"


def _after_subject(finding: Finding) -> str:
    """Return the text of a finding without a leading library name."""
    words = short_words(finding)
    subjects = (f"{finding.library} {finding.version} ", f"{finding.library} ")
    return next((words.removeprefix(one) for one in subjects if words.startswith(one)), words)


def short_words(finding: Finding) -> str:
    """Return a finding in one line of at most `LONGEST` characters; advisories without aliases and summary."""
    words = finding.words
    if finding.names:
        words = words.partition(": ")[0].partition(", also ")[0]
    whole = " ".join(words.split()).removesuffix(".")
    cut = shorten(whole, LONGEST, placeholder="…")
    return cut if len(cut) > 1 else f"{whole[: LONGEST - 1]}…"  # `shorten` drops a single long word entirely
