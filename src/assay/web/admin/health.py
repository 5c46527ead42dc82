"""Admin → Health: findings on published versions since their approval, and suggested updates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from assay.core.policy.findings import Finding, stops_at
from assay.core.roles import Right
from assay.flow.watch.advisories import feed_problem
from assay.flow.watch.suggested_update import MOST, suggest_updates
from assay.store.models import HealthIssue, WorkspaceAssessment
from assay.store.reads.advisories import feed_facts
from assay.store.reads.health import health_counts, index_fetches, settled
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Order
from assay.store.reads.usage import Use, recent_use
from assay.store.reads.waivers import ENTRY_ORDERS, entries_with, open_entries
from assay.web.access import Visit, page
from assay.web.tables import Column, QueryTable

NAMED = 3  # findings that a row names
PAGE = 50
SETTLED = 15
LATELY = "in 30 days"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One version with its new findings. `stops` is when new launches stop, None for never."""

    entry: HealthIssue
    words: tuple[str, ...]
    named: tuple[Finding, ...]
    more: int
    stops: datetime | None
    use: Use
    newest: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the bar: its start and length, both out of 100."""

    word: str
    count: int
    start: float
    length: float


ENTRIES: tuple[Column[Entry], ...] = (
    Column(name="version", label="Version", value=lambda row: row.entry.version.reference),
    Column(name="health", label="Health", value=lambda row: row.entry.version.health),
    Column(name="findings", label="New findings", value=lambda row: row.words, sorts=False),
    Column(name="since", label="Since", value=lambda row: row.entry.opened_at),
    Column(name="stops", label="Launches stop", value=lambda row: row.stops, sorts=False),
    Column(name="people", label="People", value=lambda row: row.use.people, number=True, sorts=False, hint=LATELY),
    Column(
        name="projects",
        label="Projects",
        value=lambda row: row.use.runtimes,
        number=True,
        sorts=False,
        hint=LATELY,
    ),
)


@page(Right.REVIEW)
def health(request: Visit) -> HttpResponseBase:
    """Show the health of published versions, open issues, and the data that the assessments use."""
    workspace, text = request.actor.workspace_id, request.GET.get("text", "").strip()
    found = open_entries(workspace)

    def reads(order: Order, limit: int, cursor: str) -> Page[Entry]:
        page = read_page(entries_with(found, text), ENTRY_ORDERS, order, limit=limit, cursor=cursor)
        use = recent_use([one.version.environment_id for one in page.rows])
        return page.with_rows([_entry(one, use.get(one.version.environment_id, Use())) for one in page.rows])

    table = QueryTable(request, ENTRIES, name="attention", default="since", size=PAGE, reads=reads)
    if table.exported:
        return table.export()
    feed = feed_facts()
    return render(
        request,
        "admin/health.html",
        {
            "table": table,
            "text": text,
            "open": found.count(),
            "parts": _parts(health_counts(workspace)),
            "feed": feed,
            "feed_problem": feed_problem(settings.ADVISORIES),
            "feed_source": settings.ADVISORIES,
            "age_days": feed.age_days(timezone.now()) if feed else 0,
            "index": index_fetches(),
            "watch": WorkspaceAssessment.objects.filter(workspace_id=workspace).first(),
            "settled": list(settled(workspace)[:SETTLED]),
            "most": MOST,
        },
    )


def _entry(entry: HealthIssue, use: Use) -> Entry:
    facts = [Finding.from_dict(one) for one in entry.findings]
    return Entry(
        entry=entry,
        words=tuple(one.words for one in facts),
        named=tuple(facts[:NAMED]),
        more=max(0, len(facts) - NAMED),
        stops=stops_at(facts, entry.opened_at),
        use=use,
        newest=entry.version.environment.active_id == entry.version_id,
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
def create_suggested_updates(request: Visit) -> HttpResponse:
    """Create the suggested update of every environment that needs attention, and report each result."""
    for one in suggest_updates(request.actor, create=True):
        if one.update and one.update.draft:
            messages.success(request, f"{one.update.draft.reference} is a draft: {one.update.words}.")
        else:
            messages.warning(request, f"{one.reference}: {one.reason}")
    return redirect("health")
