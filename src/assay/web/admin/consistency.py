"""Admin → Consistency: the versions of each library in published environments, and moves to one version."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assay.core.comparison.consistency import Conflict, Spread
from assay.core.formatting import plural
from assay.core.roles import Right
from assay.core.spec import parse_pin
from assay.flow.compose.align import MOST, propose
from assay.store.reads.advisories import CurrentFeed, current_feed
from assay.store.reads.consistency import consistency as read
from assay.store.reads.duplicates import Member
from assay.store.reads.duplicates import duplicates as read_duplicates
from assay.store.reads.keyset import Page
from assay.store.reads.nearest import is_complete
from assay.store.reads.ordering import Order
from assay.web.access import Visit, page
from assay.web.tables import Column, ListTable, QueryTable

LIMIT = 40  # libraries on a page
NAMED = 6  # environments named for each version
GROUPS = 20  # of near-duplicates, the largest ones
PAGE = 50
USERS = "Users in the last 30 days"
SHOWS = (("diverging", "Different versions"), ("conflicts", "Conflicts"), ("all", "All"))


@dataclass(frozen=True, kw_only=True)
class Live:
    """One version of a library: the first few environments with it, how many more, and its share in percent.

    `problems` counts its vulnerabilities; it is also 0 when no feed is loaded.
    """

    version: str
    named: tuple[str, ...]
    more: int
    count: int
    length: float
    common: bool
    problems: int


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """An environment, and the one of its group that could replace it."""

    kept: str
    member: Member


DUPLICATES: tuple[Column[Duplicate], ...] = (
    Column(name="environment", label="Environment", value=lambda row: row.member.move.reference),
    Column(name="keep", label="Keep", value=lambda row: row.kept),
    Column(name="users", label="Users", value=lambda row: row.member.people_30d, number=True, hint=USERS),
    Column(name="gains", label="Gains", value=lambda row: row.member.move.gained),
    Column(name="loses", label="Loses", value=lambda row: row.member.move.lost),
    Column(name="changes", label="Changes", value=lambda row: len(row.member.move.altered), number=True),
    Column(name="not_served", label="Not served", value=lambda row: row.member.move.unserved),
)


@dataclass(frozen=True, kw_only=True)
class Library:
    """One library: its versions in published environments, and why the environments cannot share one."""

    spread: Spread
    versions: tuple[Live, ...]
    reasons: tuple[str, ...]


LIBRARIES: tuple[Column[Library], ...] = (
    Column(name="library", label="Library", value=lambda row: row.spread.name),
    Column(
        name="versions",
        label="Published versions, newest first",
        value=lambda row: tuple(f"{one.version} ({one.count})" for one in row.versions),
        sorts=False,
        hint="With the number of environments that contain each",
    ),
    Column(name="spread", label="Spread", value=lambda row: row.spread.step or "same", sorts=False),
    Column(name="conflict", label="Conflict", value=lambda row: row.reasons, sorts=False),
)


@page(Right.REVIEW)
def consistency(request: Visit) -> HttpResponseBase:
    """List the libraries with different published versions, those in conflict, or all."""
    library = request.GET.get("library", "").strip()
    if library:
        return _one_library(request, library)
    text, show = request.GET.get("text", "").strip(), request.GET.get("show", SHOWS[0][0])
    feed = current_feed()

    def reads(order: Order, limit: int, cursor: str) -> Page[Library]:
        found = read(
            request.actor,
            text=text,
            diverging=show != "all",
            conflicts=show == "conflicts",
            descending=order.descending,
            limit=limit,
            cursor=cursor,
        )
        return found.with_rows([_library(one, feed) for one in found.rows])

    table = QueryTable(request, LIBRARIES, name="libraries", default="library", size=LIMIT, reads=reads)
    if table.exported:
        return table.export()
    context = {"table": table, "text": text, "show": show, "shows": SHOWS, "complete": _complete(request)}
    return render(request, "admin/consistency.html", context)


def _one_library(request: Visit, name: str) -> HttpResponse:
    """Show one library, with a form that moves its environments to one version."""
    rows = [_library(one, current_feed()) for one in read(request.actor, library=name).rows]
    table = ListTable(request, LIBRARIES, name="libraries", rows=rows)
    context = {"table": table, "library": name, "shows": SHOWS, "most": MOST, "complete": _complete(request)}
    if rows:
        spread = rows[0].spread
        context["holders"] = [
            (holder, version, holder in spread.outliers)
            for version, holders in spread.versions.items()
            for holder in holders
        ]
    return render(request, "admin/consistency.html", context)


def _complete(request: Visit) -> bool:
    return is_complete(request.actor.workspace_id)


def _library(spread: Spread, feed: CurrentFeed | None) -> Library:
    return Library(spread=spread, versions=tuple(_live(spread, feed)), reasons=tuple(_reasons(spread.conflict)))


def _live(row: Spread, feed: CurrentFeed | None) -> list[Live]:
    return [
        Live(
            version=version,
            named=holders[:NAMED],
            more=max(0, len(holders) - NAMED),
            count=len(holders),
            length=100 * len(holders) / row.holders,
            common=version == row.common,
            problems=len(feed.index.matches(row.name, version)) if feed else 0,
        )
        for version, holders in row.versions.items()
    ]


def _reasons(conflict: Conflict) -> list[str]:
    """Return why environments cannot share a version, as sentences: the first few reasons."""
    found = []
    if conflict.majors:
        found.append(f"Published in major versions {' and '.join(conflict.majors)}.")
    found += [
        f"{', '.join(one.required_by[:NAMED])} requires {one.line}, which excludes {one.version}"
        f" of {', '.join(one.held_by[:NAMED])}."
        for one in conflict.exclusions[:NAMED]
    ]
    return found


@require_POST
@page(Right.COMPOSE)
def propose_moves(request: Visit) -> HttpResponse:
    """Resolve the move of a library in each chosen environment; on request, create a draft for each that resolves."""
    pin = parse_pin(request.POST.get("library", ""), request.POST.get("version", "").strip())
    create = request.POST.get("create") == "1"
    found = propose(request.actor, pin, request.POST.getlist("environments"), create=create)
    possible = [one for one in found if one.possible]
    if create:
        messages.success(
            request,
            f"{plural(len(possible), 'draft')} with {pin.name}{pin.specifier} created. Build and submit them.",
        )
    return render(
        request,
        "admin/consistency_moves.html",
        {"pin": pin, "version": request.POST["version"], "found": found, "possible": possible, "created": create},
    )


@page(Right.REVIEW)
def duplicates(request: Visit) -> HttpResponseBase:
    """List environments that nearly equal another one, with what a move to it would change for their users."""
    page = read_duplicates(request.actor, limit=GROUPS)
    rows = [Duplicate(kept=group.kept, member=one) for group in page.rows for one in group.members]
    table = ListTable(request, DUPLICATES, name="duplicates", size=PAGE, rows=rows)
    if table.exported:
        return table.export()
    context = {"table": table, "groups": len(page.rows), "more": bool(page.next)}
    context["complete"] = _complete(request)
    return render(request, "admin/duplicates.html", context)
