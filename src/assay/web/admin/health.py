"""Admin → Health: what came up on published versions after their approval, and what settles it; and the waivers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from assay.core.policy.findings import Finding, stops_at
from assay.core.roles import Right
from assay.flow.review.waive import end_waiver
from assay.flow.watch.suggested_update import MOST, suggest_updates
from assay.store.models import HealthIssue, Waiver, WorkspaceAssessment
from assay.store.reads.advisories import feed_facts
from assay.store.reads.health import health_counts, index_asked, settled
from assay.store.reads.usage import Use, use_lately
from assay.store.reads.waivers import open_entries, state_of, waiver_rows
from assay.web.access import Visit, page

NAMED = 3  # facts that a row names
SHOWN = 100  # entries of a page
SETTLED = 15


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One version with what is new of it. `stops` is when new launches end, None for never."""

    entry: HealthIssue
    named: tuple[Finding, ...]
    more: int
    stops: datetime | None
    use: Use
    newest: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the bar: from where, how long, out of 100."""

    word: str
    count: int
    start: float
    length: float


@page(Right.REVIEW)
def health(request: Visit) -> HttpResponse:
    """Show how published versions are, what is open, and on what verdicts rest."""
    workspace, feed = request.actor.workspace_id, feed_facts()
    rows = list(open_entries(workspace)[:SHOWN])
    use = use_lately([one.version.environment_id for one in rows])
    return render(
        request,
        "admin/health.html",
        {
            "entries": [_entry(one, use.get(one.version.environment_id, Use())) for one in rows],
            "parts": _parts(health_counts(workspace)),
            "feed": feed,
            "age_days": feed.age_days(timezone.now()) if feed else 0,
            "asked": index_asked(),
            "watch": WorkspaceAssessment.objects.filter(workspace_id=workspace).first(),
            "settled": list(settled(workspace)[:SETTLED]),
            "most": MOST,
        },
    )


def _entry(entry: HealthIssue, use: Use) -> Entry:
    facts = [Finding.from_dict(one) for one in entry.findings]
    return Entry(
        entry=entry,
        named=tuple(facts[:NAMED]),
        more=max(0, len(facts) - NAMED),
        stops=stops_at(facts, entry.opened_at),
        use=use,
        newest=entry.version.environment.newest_id == entry.version_id,
    )


def _parts(counts: dict[str, int]) -> list[Part]:
    total, start, parts = sum(counts.values()) or 1, 0.0, []
    for word, count in counts.items():
        length = 100 * count / total
        parts.append(Part(word=word, count=count, start=start, length=length))
        start += length
    return parts


@require_POST
@page(Right.COMPOSE)
def remedies(request: Visit) -> HttpResponse:
    """Draft the smallest remedy of every environment that needs attention, and say what became of each."""
    for one in suggest_updates(request.actor, create=True):
        if one.update and one.update.draft:
            messages.success(request, f"{one.update.draft.reference} is a draft: {one.update.words}.")
        else:
            messages.warning(request, f"{one.reference}: {one.reason}")
    return redirect("health")


@page(Right.REVIEW)
def waivers(request: Visit) -> HttpResponse:
    """List what was accepted, by whom, why and until when; what ends first on top."""
    now = timezone.now()
    rows = [(one, state_of(one, now)) for one in waiver_rows(request.actor.workspace_id)[: 5 * SHOWN]]
    held = [pair for pair in rows if pair[1] != "expired"]
    ended = [pair for pair in rows if pair[1] == "expired"]
    return render(request, "admin/waivers.html", {"held": _soonest(held), "ended": ended[::-1][:SHOWN]})


def _soonest(rows: list[tuple[Waiver, str]]) -> list[tuple[Waiver, str]]:
    """Order by end, those without one last."""
    return sorted(rows, key=lambda pair: (pair[0].until is None, pair[0].until, pair[0].pk))


@require_POST
@page(Right.REVIEW)
def end(request: Visit, waiver: int) -> HttpResponse:
    """End a waiver now."""
    ended = end_waiver(request.actor, waiver)
    messages.success(request, f"It has ended. What it accepted in {ended.version.environment.slug} counts again.")
    return redirect("waivers")
