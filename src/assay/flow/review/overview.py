"""The overview of a built version for its review: summary, findings, changes, checks."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from assay.core.comparison.diff import Comparison, Row
from assay.core.policy.findings import Effect, Finding, Waiver
from assay.core.report import Check, Report
from assay.core.review.library_changes import LibraryChange, LibraryChanges, fold
from assay.core.review.summary import Summary, summarise
from assay.core.roles import Actor
from assay.flow.access import find_reference
from assay.flow.assess.assess import Verdict, verdict_in
from assay.store.models import Version
from assay.store.reads.compared_versions import changes_against, predecessor
from assay.store.reads.known_libraries import KnownLibrary, known_libraries
from assay.store.reads.review_context import ReviewContext, review_context

NOTHING = "nothing"  # compares a version with no other one


@dataclass(frozen=True, kw_only=True)
class Overview:
    """A built version compared with another one, or with none (`other` is None).

    `findings` are those without an active waiver, `waived` the others.
    """

    version: Version
    other: Version | None
    context: ReviewContext
    comparison: Comparison
    verdict: Verdict
    findings: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]
    report: Report
    changes: LibraryChanges
    summary: Summary

    @property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """The chain from a direct library to each installed library; () for direct ones."""
        return {row.name: row.via for row in self.comparison.rows if row.direct or row.via}

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed. What others noted is for the policy to judge."""
        return _failed(self.report)


def overview(actor: Actor, version: Version, compare_with: str = "") -> Overview:
    """Return the overview of a built version.

    `compare_with` is a reference or `nothing`; '' selects the last published version before it, else its base.
    Raises NotFoundError if the actor may not see the other version, ValueError if the version is not built.
    """
    if version.lock is None:
        raise ValueError(f"{version} is not built")
    other = _other(actor, version, compare_with)
    comparison = changes_against(version, other)
    context = review_context(version)
    found = verdict_in(version, context)
    report = Report.from_dict(version.lock.report)
    waivers = [(one, found.waiver_of(one)) for one in found.findings]
    findings = tuple(one for one, waiver in waivers if waiver is None)
    waived = tuple((one, waiver) for one, waiver in waivers if waiver)
    changes = _changes(actor, version, comparison, context.default_index or settings.INDEX_URL)
    concerned = {one.library for one in findings if one.effect is not Effect.NOTE}
    return Overview(
        version=version,
        other=other,
        context=context,
        comparison=comparison,
        verdict=found,
        findings=findings,
        waived=waived,
        report=report,
        changes=fold(changes, version.lock.libraries_count, concerned),
        summary=summarise(
            comparison,
            findings,
            new=[one.row.name for one in changes if one.new],
            waived=len(waived),
            failed=[one.name for one in _failed(report)],
            assessed=found.feed is not None,
        ),
    )


def _other(actor: Actor, version: Version, compare_with: str) -> Version | None:
    if not compare_with:
        return predecessor(version)
    return None if compare_with == NOTHING else find_reference(actor, compare_with, path="with")


def _changes(actor: Actor, version: Version, comparison: Comparison, default: str) -> list[LibraryChange]:
    known = known_libraries(actor, version, [row.name for row in comparison.changed])
    return [_change(row, known.get(row.name), default) for row in comparison.changed]


def _change(row: Row, known: KnownLibrary | None, default: str) -> LibraryChange:
    """Return a changed library with its facts; removed libraries have none."""
    index = row.indexes[-1]
    return LibraryChange(
        row=row,
        new=known is not None and not known.approved,
        accepted=known.accepted if known else "",
        held=known.held if known else "",
        waiting=known.waiting if known else "",
        index="" if index.rstrip("/") == default.rstrip("/") else index,
    )


def _failed(report: Report) -> tuple[Check, ...]:
    return tuple(one for one in report.checks if one.state == "failed")
