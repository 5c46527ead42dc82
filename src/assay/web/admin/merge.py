"""Admin → Merge: choose two to five environments, see what one draft that covers them changes, create it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from assay.core.comparison.diff import Change, Row
from assay.core.comparison.merge import MergeEffect
from assay.core.errors import AssayError
from assay.core.maintenance.merge_plan import MOST_SOURCES, By, Exclusion
from assay.core.roles import Right
from assay.flow.access import find_reference
from assay.flow.maintenance.merge import create_merge, plan_merge
from assay.flow.maintenance.merge_resolution import Fix, MergePreview, SourceEffect
from assay.store.models import Version
from assay.store.reads.compared_versions import published_references
from assay.web.access import Visit, page
from assay.web.admin.findings import expected_findings
from assay.web.admin.merge_query import MergeQuery

ROWS = 40  # libraries listed for each source; the comparison lists all
BY = ((By.ASKED, "All direct libraries"), (By.IMPORTED, "Imported libraries only"))


@dataclass(frozen=True, kw_only=True)
class MovedLibrary:
    """One library of a source that changes: its version there and in the merge, '' where absent."""

    name: str
    before: str
    after: str
    row: Row | None
    unserved: bool


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """The table of one source: what its people lose and move, the most serious first, and what they gain."""

    source: SourceEffect
    rows: tuple[MovedLibrary, ...]
    more: int
    up: int
    down: int


@dataclass(frozen=True, kw_only=True)
class Option:
    """A link that makes or takes back a decision."""

    words: str
    address: str


@page(Right.COMPOSE)
def merge(request: Visit) -> HttpResponse:
    """Show the picker and the plan; create the draft when the form is sent."""
    query = MergeQuery.read(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        return _create(request, query)
    chosen = _chosen(request, query)
    named = replace(query, versions=tuple(one.reference for one in chosen))
    if named.versions != query.versions or "add" in request.GET:
        return redirect(named.address())
    return _show(request, query, chosen)


@page(Right.COMPOSE)
def merge_plan(request: Visit) -> HttpResponse:
    """Return the resolved plan, which the page loads after it is shown."""
    query = MergeQuery.read(request.GET)
    return render(request, "components/merge_plan.html", _plan(request, query))


def _chosen(request: Visit, query: MergeQuery) -> list[Version]:
    """Return the versions, with the added one. One that cannot be added gives a message and is left out."""
    added = request.GET.get("add", "").strip()
    chosen: dict[int, Version] = {}
    for name in (*query.versions, *([added] if added else [])):
        if len(chosen) == MOST_SOURCES:
            messages.warning(request, f"You can merge up to {MOST_SOURCES} environments. Remove one to add another.")
            break
        try:
            found = find_reference(request.actor, name, path="versions")
        except AssayError as error:
            messages.error(request, f"{error.detail} {error.hint}")
        else:
            chosen[found.pk] = found
    return list(chosen.values())


def _show(
    request: Visit, query: MergeQuery, chosen: Sequence[Version], error: AssayError | None = None
) -> HttpResponse:
    ready = len(chosen) > 1
    now = ready and (error is not None or request.GET.get("resolved") == "1")
    context = {
        "query": query,
        "cards": [(one, query.without(one.reference).address()) for one in chosen],
        "names": query.versions,
        "may_add": len(chosen) < MOST_SOURCES,
        "references": published_references(request.actor),
        "kinds": [(label, replace(query, by=by).address(), by is query.by) for by, label in BY],
        "ready": ready,
        "plan_address": query.address("merge-plan"),
        "resolved_address": query.address(resolved="1"),
        "error": error,
        "form": request.POST,
        **(_plan(request, query) if now else {}),
    }
    return render(request, "admin/merge.html", context, status=error.status if error else 200)


def _plan(request: Visit, query: MergeQuery) -> dict[str, Any]:
    """Return what the plan shows, or in `refusal` why there is none."""
    try:
        preview = plan_merge(request.actor, query.versions, query.by, query.choices)
    except AssayError as error:
        return {"refusal": error, "form": request.POST, "query": query}
    merged = preview.merged
    return {
        "query": query,
        "preview": preview,
        "decided": _decided(query),
        "exclusions": [(one, _settling(query, one)) for one in preview.plan.exclusions],
        "fixes": [
            Option(words=_words(preview, fix), address=query.choosing(fix.applied(query.choices)).address())
            for fix in preview.fixes
        ],
        "pythons": [
            (one, query.choosing(replace(query.choices, python=one)).address(), one == preview.python)
            for one in (() if preview.base or len(preview.plan.pythons) == 1 else preview.plan.pythons)
        ],
        "expected": expected_findings(list(merged.findings)) if merged else [],
        "tables": [source_view(one) for one in merged.effects] if merged else [],
        "form": request.POST,
    }


def source_view(source: SourceEffect) -> SourceView:
    """Return the table of one source."""
    effect, lock = source.effect, source.version.lock
    held = {one["name"]: one["version"] for one in lock.content["libraries"]} if lock else {}
    rows = [
        *(_moved(name, held[name], "", None, effect) for name in effect.lost),
        *(_moved(row.name, row.versions[0] or "", row.versions[-1] or "", row, effect) for row in effect.altered),
    ]
    rows.sort(key=lambda one: (not one.unserved, one.row is not None, _urgency(one.row), one.name))
    return SourceView(
        source=source,
        rows=tuple(rows[:ROWS]),
        more=max(0, len(rows) - ROWS),
        up=sum(row.change is Change.UPGRADED for row in effect.altered),
        down=sum(row.change is Change.DOWNGRADED for row in effect.altered),
    )


def _moved(name: str, before: str, after: str, row: Row | None, effect: MergeEffect) -> MovedLibrary:
    return MovedLibrary(name=name, before=before, after=after, row=row, unserved=name in effect.unserved)


def _urgency(row: Row | None) -> tuple[bool, bool]:
    return row is not None and row.change is not Change.DOWNGRADED, row is not None and row.step != "major"


def _decided(query: MergeQuery) -> list[Option]:
    """Return the decisions that were made, each with the address that takes it back."""
    choices = query.choices
    left = [
        Option(
            words=f"{name} is left out.",
            address=query.choosing(replace(choices, leave=choices.leave - {name})).address(),
        )
        for name in sorted(choices.leave)
    ]
    taken = [
        Option(
            words=f"Only the requirement of {reference} on {name} counts.",
            address=query.choosing(
                replace(choices, take={key: value for key, value in choices.take.items() if key != name})
            ).address(),
        )
        for name, reference in sorted(choices.take.items())
    ]
    python = (
        [
            Option(
                words=f"Python {choices.python} is chosen.",
                address=query.choosing(replace(choices, python="")).address(),
            )
        ]
        if choices.python
        else []
    )
    return [*left, *taken, *python]


def _settling(query: MergeQuery, one: Exclusion) -> list[Option]:
    """Return the decisions that settle an exclusion: each source's requirement, then leaving the library out."""
    fixes = [Fix(library=one.name, take=wanted.reference) for wanted in one.wanted] + [Fix(library=one.name)]
    lines = {wanted.reference: wanted.line for wanted in one.wanted}
    return [
        Option(
            words=f"Take {lines[fix.take]} of {fix.take}" if fix.take else f"Leave {fix.library} out",
            address=query.choosing(fix.applied(query.choices)).address(),
        )
        for fix in dict.fromkeys(fixes)
    ]


def _words(preview: MergePreview, fix: Fix) -> str:
    if fix.take:
        return f"Take the requirement of {fix.take} on {fix.library}"
    asking = next(one.sources for one in preview.plan.lines if one.name == fix.library)
    return f"Leave {fix.library} out, which {' and '.join(asking)} {'asks' if len(asking) == 1 else 'ask'} for"


def _create(request: Visit, query: MergeQuery) -> HttpResponse:
    """Create the draft; after an error, show the page again with what was typed."""
    try:
        made = create_merge(
            request.actor,
            query.versions,
            query.by,
            slug=request.POST.get("slug", "").strip(),
            title=request.POST.get("title", ""),
            choices=query.choices,
        )
    except AssayError as error:
        return _show(request, query, _chosen(request, query), error)
    messages.success(request, f"{made.reference} is a draft. Build it, then submit it for review.")
    return redirect("version", slug=made.environment.slug, number=made.number)
