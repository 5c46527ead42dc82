"""Findings on pages: what stops an approval, what was accepted, what is only told; and the form that waives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from packaging.version import Version as Release

from assay.core.errors import AssayError, InvalidInputError
from assay.core.lock import Lock
from assay.core.policy.findings import Effect, Finding, Waiver
from assay.core.roles import Actor, Right
from assay.flow.assess.assess import Verdict
from assay.flow.review.waive import check_waiver, waive_all
from assay.store.models import Version
from assay.store.reads.advisories import FeedFacts
from assay.store.reads.libraries import direct_of
from assay.web.access import Visit, page

USUAL = timedelta(days=90)  # until when a waiver is proposed to hold


@dataclass(frozen=True, kw_only=True)
class Line:
    """One finding as a page shows it: its name in a few words, and what more is known."""

    finding: Finding
    title: str
    summary: str
    waiver: Waiver | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is open of one library, or of the version as a whole. `refusal` says why the visitor may not waive it.

    `fixed` is the smallest version of the library that is free of everything that has a fix, '' when none has.
    """

    library: str
    version: str
    via: tuple[str, ...]
    lines: tuple[Line, ...]
    fixed: str
    refusal: str

    @property
    def blocking(self) -> int:
        """How many of them stop an approval."""
        return sum(line.finding.effect is Effect.BLOCK for line in self.lines)

    @property
    def warnings(self) -> int:
        """How many of them warn."""
        return len(self.lines) - self.blocking

    @property
    def rules(self) -> list[str]:
        """The rules that make them findings, each once."""
        return list(dict.fromkeys(line.finding.rule for line in self.lines))


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The verdict on a version, sorted by what a reader does with it."""

    open: tuple[Group, ...]
    accepted: tuple[Line, ...]
    notes: tuple[Line, ...]
    blocking: int
    warnings: int
    policy: int
    feed: FeedFacts | None
    age_days: int
    until: str


def findings_of(actor: Actor, version: Version, found: Verdict) -> Findings:
    """Return the findings of a built version, grouped by library, those that stop an approval first."""
    notes = [one for one in found.findings if one.effect is Effect.NOTE]
    loud = [(one, found.waiver_of(one)) for one in found.findings if one.effect is not Effect.NOTE]
    pending = [one for one, waiver in loud if waiver is None]
    now = timezone.now()
    return Findings(
        open=_groups(actor, version, pending),
        accepted=tuple(_line(one, waiver) for one, waiver in loud if waiver),
        notes=tuple(_line(one) for one in notes),
        blocking=sum(one.effect is Effect.BLOCK for one in pending),
        warnings=sum(one.effect is Effect.WARN for one in pending),
        policy=found.policy,
        feed=found.feed,
        age_days=found.feed.age_days(now) if found.feed else 0,
        until=(now + USUAL).date().isoformat(),
    )


def _groups(actor: Actor, version: Version, pending: list[Finding]) -> tuple[Group, ...]:
    by_library: dict[tuple[str, str], list[Finding]] = {}
    for one in pending:
        by_library.setdefault((one.library, one.version), []).append(one)
    chains = Lock.from_dict(version.lock.content).why(direct_of(version)) if pending and version.lock else {}
    groups = [
        Group(
            library=library,
            version=number,
            via=chains.get(library, ()),
            lines=tuple(_line(one) for one in found),
            fixed=_highest(found),
            refusal=_refusal(actor, version, found),
        )
        for (library, number), found in by_library.items()
    ]
    return tuple(sorted(groups, key=lambda one: (-bool(one.blocking), -len(one.lines), one.library)))


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What a reviewer would find of one library while it is composed, in a few words."""

    library: str
    version: str
    blocking: int
    titles: tuple[str, ...]
    advice: str


def foresight(findings: list[Finding]) -> list[Foreseen]:
    """Return what a reviewer would find, by library, blocking ones first; notes are left out unless not assessed."""
    loud: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        if one.effect is not Effect.NOTE or not one.assessed:
            loud.setdefault((one.library, one.version), []).append(one)
    found = [_foreseen(library, number, several) for (library, number), several in loud.items()]
    return sorted(found, key=lambda one: (-one.blocking, not one.library, one.library))


def _foreseen(library: str, number: str, findings: list[Finding]) -> Foreseen:
    fixed = _highest(findings)
    return Foreseen(
        library=library,
        version=number,
        blocking=sum(one.effect is Effect.BLOCK for one in findings),
        titles=tuple(_line(one).title.partition(", also ")[0] for one in findings),
        advice=f"Ask for {library}>={fixed}." if fixed else findings[0].advice,
    )


def _line(finding: Finding, waiver: Waiver | None = None) -> Line:
    """Return a finding without the library, which stands above it; what has names is called by them."""
    words = finding.words.removeprefix(f"{finding.library} {finding.version} ")
    if not finding.names:
        return Line(finding=finding, title=words, summary="", waiver=waiver)
    title, _, summary = words.partition(": ")
    return Line(finding=finding, title=title.removeprefix("has "), summary=summary, waiver=waiver)


def _highest(findings: list[Finding]) -> str:
    return str(max((Release(one.fixed) for one in findings if one.fixed), default=""))


def _refusal(actor: Actor, version: Version, findings: list[Finding]) -> str:
    """Return why the actor may not waive these, '' when they may."""
    try:
        for one in findings:
            check_waiver(actor, version, one)
    except AssayError as error:
        return f"{error.detail} {error.hint}"
    return ""


@require_POST
@page(Right.REVIEW)
def waive(request: Visit, slug: str, number: int) -> HttpResponse:
    """Accept the ticked findings, with a reason and until a day, and go back to the page."""
    reason, chosen = request.POST.get("reason", ""), request.POST.getlist("finding")
    made = waive_all(
        request.actor, slug, number, findings=chosen, reason=reason, until=_until(request.POST.get("until", ""))
    )
    messages.success(request, f"{len(made)} {'finding is' if len(made) == 1 else 'findings are'} accepted.")
    return redirect(_back(request, slug, number))


def _until(text: str) -> datetime | None:
    """Read the day up to whose end a waiver holds; '' is none."""
    if not text.strip():
        return None
    try:
        day = parse_date(text.strip())
    except ValueError:
        day = None
    if day is None:
        raise InvalidInputError(f"{text[:20]!r} is no day.", hint="Write it as 2027-01-31.", path="until")
    return datetime.combine(day, time.max, tzinfo=UTC)


def _back(request: Visit, slug: str, number: int) -> str:
    wanted = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return (
        f"{wanted}#findings" if safe and wanted.startswith("/") else f"/environments/{slug}/{number}/review#findings"
    )
