"""Findings on pages: open, waived and informational ones; and the form that waives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from packaging.version import Version as Release

from assay.core.errors import AssayError
from assay.core.lock import Lock
from assay.core.policy.findings import Effect, Finding, Waiver
from assay.core.review.finding_groups import FindingGroup, NoteGroup, group_findings, group_notes
from assay.core.roles import Actor, Right
from assay.flow.assess.assess import Verdict
from assay.flow.review.waive import check_waiver, waive_all
from assay.store.models import Version
from assay.store.reads.advisories import FeedFacts
from assay.store.reads.libraries import direct_of
from assay.web.access import Visit, page
from assay.web.dates import end_of
from assay.web.templatetags.assay import chain

Chains = Mapping[str, tuple[str, ...]]
USUAL = timedelta(days=90)  # the proposed duration of a waiver


@dataclass(frozen=True, kw_only=True)
class Line:
    """One finding as a page shows it: a short title, and a summary."""

    finding: Finding
    title: str
    summary: str
    waiver: Waiver | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Open findings that are shown as one line: of one kind, and usually of one library.

    `why` is the reason why the library is installed, or ''. `fixed` is the smallest version of the library that
    fixes all findings with a known fix, '' when none has one. `refusal` is why the visitor may not waive them.
    """

    told: FindingGroup
    why: str
    lines: tuple[Line, ...]
    fixed: str
    refusal: str

    @property
    def rules(self) -> list[str]:
        """The rules that these findings violate, each once."""
        return list(dict.fromkeys(line.finding.rule for line in self.lines))


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The assessment of a version: open findings in groups, waived ones, and notes by kind."""

    open: tuple[Group, ...]
    accepted: tuple[Line, ...]
    notes: tuple[NoteGroup, ...]
    blocking: int
    warnings: int
    policy: int
    feed: FeedFacts | None
    age_days: int
    until: str


def findings_of(actor: Actor, version: Version, found: Verdict, chains: Chains | None = None) -> Findings:
    """Return the findings of a built version in groups, blocking ones first.

    `chains` map libraries to the chain from a direct one; without them they are read from the lock.
    """
    decisive = [(one, found.waiver_of(one)) for one in found.findings if one.effect is not Effect.NOTE]
    pending = [one for one, waiver in decisive if waiver is None]
    if chains is None:
        chains = Lock.from_dict(version.lock.content).why(direct_of(version)) if pending and version.lock else {}
    now = timezone.now()
    return Findings(
        open=tuple(_group(actor, version, one, chains) for one in group_findings(pending)),
        accepted=tuple(_line(one, waiver) for one, waiver in decisive if waiver),
        notes=group_notes(one for one in found.findings if one.effect is Effect.NOTE),
        blocking=sum(one.effect is Effect.BLOCK for one in pending),
        warnings=sum(one.effect is Effect.WARN for one in pending),
        policy=found.policy,
        feed=found.feed,
        age_days=found.feed.age_days(now) if found.feed else 0,
        until=(now + USUAL).date().isoformat(),
    )


def _group(actor: Actor, version: Version, told: FindingGroup, chains: Chains) -> Group:
    return Group(
        told=told,
        why=(chain(chains[told.library]) or "direct") if told.library in chains else "",
        lines=tuple(_line(one) if told.library else _full_line(one) for one in told.findings),
        fixed=_highest(told.findings) if told.library else "",
        refusal=_refusal(actor, version, told.findings),
    )


@dataclass(frozen=True, kw_only=True)
class ExpectedFindings:
    """The findings that a reviewer would see for one library of a draft, in a few words."""

    library: str
    version: str
    blocking: int
    titles: tuple[str, ...]
    advice: str


def expected_findings(findings: list[Finding]) -> list[ExpectedFindings]:
    """Return the findings that a reviewer would see, by library, blocking ones first; omit assessed notes."""
    by_library: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        if one.effect is not Effect.NOTE or not one.assessed:
            by_library.setdefault((one.library, one.version), []).append(one)
    found = [_expected(library, number, several) for (library, number), several in by_library.items()]
    return sorted(found, key=lambda one: (-one.blocking, not one.library, one.library))


def _expected(library: str, number: str, findings: list[Finding]) -> ExpectedFindings:
    fixed = _highest(findings)
    return ExpectedFindings(
        library=library,
        version=number,
        blocking=sum(one.effect is Effect.BLOCK for one in findings),
        titles=tuple(_line(one).title.partition(", also ")[0] for one in findings),
        advice=f"Require {library}>={fixed}." if fixed else findings[0].advice,
    )


def _line(finding: Finding, waiver: Waiver | None = None) -> Line:
    """Return the row of a finding, without its library, which the heading shows; the title is its names if any."""
    words = finding.words.removeprefix(f"{finding.library} {finding.version} ")
    if not finding.names:
        return Line(finding=finding, title=words, summary="", waiver=waiver)
    title, _, summary = words.partition(": ")
    return Line(finding=finding, title=title.removeprefix("has "), summary=summary, waiver=waiver)


def _full_line(finding: Finding) -> Line:
    """Return the row of a finding with its library, for a group about several."""
    return Line(finding=finding, title=finding.words, summary="")


def _highest(findings: Sequence[Finding]) -> str:
    return str(max((Release(one.fixed) for one in findings if one.fixed), default=""))


def _refusal(actor: Actor, version: Version, findings: Sequence[Finding]) -> str:
    """Return why the actor may not waive these findings, '' when they may."""
    try:
        for one in findings:
            check_waiver(actor, version, one)
    except AssayError as error:
        return f"{error.detail} {error.hint}"
    return ""


@require_POST
@page(Right.REVIEW)
def waive(request: Visit, slug: str, number: int) -> HttpResponse:
    """Waive the selected findings, with a reason and an expiry date, and redirect to the page of the form."""
    reason, chosen = request.POST.get("reason", ""), request.POST.getlist("finding")
    made = waive_all(
        request.actor,
        slug,
        number,
        findings=chosen,
        reason=reason,
        until=end_of(request.POST.get("until", ""), "until"),
    )
    messages.success(request, f"{len(made)} {'finding is' if len(made) == 1 else 'findings are'} waived.")
    return redirect(_back(request, slug, number))


def _back(request: Visit, slug: str, number: int) -> str:
    wanted = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return (
        f"{wanted}#findings" if safe and wanted.startswith("/") else f"/environments/{slug}/{number}/review#findings"
    )
