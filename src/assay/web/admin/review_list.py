"""Admin → Usage → To review: published versions that the rules of the workspace list, and versions that are kept."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from assay.core.maintenance.bulk_actions import BulkAction
from assay.core.maintenance.review_rules import BY_KIND, RULE_TYPES, ReasonKind
from assay.core.roles import Actor, Right
from assay.flow.maintenance.bulk_review import MOST, RIGHTS
from assay.flow.maintenance.keep import end_keeping
from assay.flow.maintenance.review_list import refresh_stale
from assay.store.reads.review_items import (
    ReviewFilters,
    ReviewRow,
    counts_by_reason,
    owners_listed,
    review_rows,
    totals,
)
from assay.web.access import Visit, page
from assay.web.admin.review_steps import Steps, steps_of
from assay.web.tables import Column, QueryTable

PAGE = 50
FIELDS = ("reason", "owner", "text")  # of the filters
LONGEST = 100  # characters of a filter
ACTIONS = (
    (BulkAction.DEPRECATE, "Deprecate"),
    (BulkAction.KEEP, "Keep until a day"),
    (BulkAction.END, "Set end date"),
    (BulkAction.OWNER, "Give to another owner"),
    (BulkAction.RETIRE, "Retire"),
)
COLUMNS: tuple[Column[ReviewRow], ...] = (
    Column(name="version", label="Version", value=lambda row: row.reference),
    Column(name="status", label="Status", value=lambda row: row.status, shown=False, sorts=False),
    Column(name="reasons", label="Why", value=lambda row: row.words, sorts=False),
    Column(name="since", label="Since", value=lambda row: row.since),
    Column(name="owner", label="Owner", value=lambda row: row.owner),
    Column(name="people", label="People", value=lambda row: row.people, number=True, hint="in 90 days"),
    Column(name="projects", label="Projects", value=lambda row: row.projects, number=True),
    Column(name="derived", label="Built on it", value=lambda row: row.derived, number=True, hint="versions"),
    Column(name="frees", label="Frees", value=lambda row: row.frees, number=True, hint="when it is retired"),
)
STEP: tuple[Column[ReviewRow], ...] = (
    Column(name="proposal", label="Next step", value=lambda row: row.proposal["words"], sorts=False),
)
KEPT: tuple[Column[ReviewRow], ...] = (
    Column(name="until", label="Until", value=lambda row: row.kept.until if row.kept else None),
    Column(name="by", label="By", value=lambda row: row.kept.by if row.kept else ""),
    Column(name="reason", label="Reason", value=lambda row: row.kept.reason if row.kept else "", sorts=False),
)
SHOWN_OF_KEPT = ("version", "status", "reasons", "owner")


def filters_of(given: QueryDict, *, kept: bool = False) -> ReviewFilters:
    """Return the filters that a page was opened with; an unknown reason is none."""
    reason, owner, text = (given.get(name, "").strip()[:LONGEST] for name in FIELDS)
    return ReviewFilters(reason=reason if reason in list(ReasonKind) else "", owner=owner, text=text, kept=kept)


def address_of_list(filters: ReviewFilters) -> str:
    """Return the address of the list with these filters."""
    query = QueryDict(mutable=True)
    query.update({name: value for name in FIELDS if (value := getattr(filters, name))})
    return reverse("review-list") + (f"?{query.urlencode()}" if query else "")


@page(Right.REVIEW)
def review_list(request: Visit) -> HttpResponseBase:
    """Show the versions to review, oldest reason first; with `kept=1` those that are kept, soonest end first."""
    refresh_stale(request.actor.workspace_id)
    filters = filters_of(request.GET, kept=request.GET.get("kept") == "1")
    table = _table(request, filters)
    if table.exported:
        return table.export()
    counts = counts_by_reason(request.actor, filters)
    found = totals(request.actor, filters)
    return render(
        request,
        "admin/review_list.html",
        {
            "table": table,
            "rows": [(row, _steps(request.actor, row)) for row in table.rows],
            "filters": filters,
            "found": found,
            "others": totals(request.actor, ReviewFilters(kept=not filters.kept)).versions,
            "kinds": [
                (str(one.kind), one.label, counts[one.kind], table.url(reason=str(one.kind)))
                for one in RULE_TYPES
                if counts[one.kind] or one.kind == filters.reason
            ],
            "any_reason": table.url(reason=""),
            "labels": {str(kind): one.label for kind, one in BY_KIND.items()},
            "owners": owners_listed(request.actor),
            "actions": actions_of(request.actor),
            "most": MOST,
            "may_set_rules": request.actor.has(Right.ADMINISTER),
        },
    )


def _table(request: Visit, filters: ReviewFilters) -> QueryTable[ReviewRow]:
    columns = (*(one for one in COLUMNS if one.name in SHOWN_OF_KEPT), *KEPT) if filters.kept else (*COLUMNS, *STEP)
    return QueryTable(
        request,
        columns,
        name="kept-versions" if filters.kept else "review-list",
        default="until" if filters.kept else "since",
        size=PAGE,
        reads=lambda order, limit, cursor: review_rows(request.actor, filters, order, limit, cursor),
    )


def _steps(actor: Actor, row: ReviewRow) -> Steps | None:
    return steps_of(actor, row) if row.proposal["action"] else None


def actions_of(actor: Actor) -> list[tuple[str, str]]:
    """Return the actions with several versions that the actor may take, with their words."""
    return [(str(one), words) for one, words in ACTIONS if actor.has(RIGHTS.get(one, Right.REVIEW))]


@require_POST
@page(Right.REVIEW)
def end_keep(request: Visit, slug: str, number: int) -> HttpResponse:
    """Let the rules list a kept version again."""
    version = end_keeping(request.actor, f"{slug}@{number}")
    messages.success(request, f"{version.reference} is no longer kept. The rules list it again.")
    return redirect(f"{reverse('review-list')}?kept=1")
