"""Waves: choose what to rebase on a newer base, follow the progress of all, stop it, retry what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, ConflictError
from assay.core.maintenance.wave_plan import Derived, Target, WavePlan
from assay.core.roles import Right
from assay.flow.access import find_environment, find_version
from assay.flow.maintenance.waves import (
    check_base,
    find_wave,
    may_change,
    plan_for,
    retry_failed,
    start_wave,
    stop_wave,
)
from assay.store.models import Environment, Wave
from assay.store.reads.keyset import Page
from assay.store.reads.ordering import Order
from assay.store.reads.waves import (
    ATTENTION,
    TargetRow,
    WaveRow,
    count_states,
    may_see_whole,
    target_rows,
    visible_targets,
    wave_rows,
)
from assay.web.access import Visit, page
from assay.web.tables import Column, ListTable, QueryTable

PAGE = 50
BUSY, IDLE = 2, 15  # seconds until a page asks again, while something builds or only reviewers are awaited
LEVEL = "1 builds on the base itself"
SKIPPED = 100  # skipped environments that a wave's page lists
DRAWN = (  # the order of states in a bar
    Target.PUBLISHED,
    Target.SUBMITTED,
    Target.BUILT,
    Target.BUILDING,
    Target.FAILED,
    Target.STOPPED,
    Target.QUEUED,
)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An environment that builds on the base. `words` says what happens to it, or why nothing does."""

    derived: Derived
    level: int
    words: str
    planned: bool
    selectable: bool


@dataclass(frozen=True, kw_only=True)
class Part:
    """The targets in one state: their count, and their part of a bar of 100."""

    word: str
    count: int
    start: float
    length: float


CANDIDATES: tuple[Column[Candidate], ...] = (
    Column(name="environment", label="Environment", value=lambda row: row.derived.environment),
    Column(name="version", label="Version", value=lambda row: row.derived.number, shown=False, sorts=False),
    Column(name="base", label="Builds on", value=lambda row: row.derived.base_reference),
    Column(name="owner", label="Owner", value=lambda row: row.derived.owner),
    Column(name="level", label="Level", value=lambda row: row.level, number=True, hint=LEVEL),
    Column(name="planned", label="Planned", value=lambda row: row.planned, shown=False, sorts=False),
    Column(name="happens", label="What happens", value=lambda row: row.words, sorts=False),
)
TARGETS: tuple[Column[TargetRow], ...] = (
    Column(name="environment", label="Environment", value=lambda row: row.slug),
    Column(name="version", label="Version", value=lambda row: row.source, shown=False, sorts=False),
    Column(name="state", label="State", value=lambda row: row.state, sorts=False),
    Column(name="draft", label="New version", value=lambda row: row.draft, sorts=False),
    Column(name="changes", label="Changes", value=lambda row: row.summary, sorts=False),
    Column(name="owner", label="Owner", value=lambda row: row.owner),
    Column(name="level", label="Level", value=lambda row: row.level, number=True, shown=False),
    Column(name="updated", label="Updated", value=lambda row: row.updated, shown=False),
    Column(name="message", label="Message", value=lambda row: row.message, shown=False, sorts=False),
)
WAVES: tuple[Column[WaveRow], ...] = (
    Column(name="wave", label="Wave", value=lambda row: row.id, number=True),
    Column(name="base", label="Base", value=lambda row: row.base),
    Column(name="state", label="State", value=lambda row: row.state),
    Column(name="targets", label="Environments", value=lambda row: row.targets, number=True, sorts=False),
    Column(name="progress", label="Progress", value=lambda row: row.words, sorts=False),
    Column(name="by", label="Started by", value=lambda row: row.by),
    Column(name="started", label="Started", value=lambda row: row.started),
    Column(name="ended", label="Ended", value=lambda row: row.ended),
)


@page(Right.COMPOSE)
def rebase(request: Visit, slug: str) -> HttpResponseBase:
    """Show what builds on an environment and what rebasing it does; start the wave when the form is sent."""
    environment, error = find_environment(request.actor, slug), None
    if request.method == "POST":
        chosen = None if request.POST.get("all") == "yes" else request.POST.getlist("targets")
        try:
            if chosen == []:
                raise ConflictError("No environment is selected.", hint="Select at least one.")
            made = start_wave(request.actor, request.POST.get("base", slug), chosen)
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, f"Wave {made.pk} on {made.base.reference} has started.")
            return redirect("wave", number=made.pk)
    return _show_rebase(request, environment, error)


def _show_rebase(request: Visit, environment: Environment, error: AssayError | None) -> HttpResponseBase:
    plan, refusal = _plan(request, environment)
    table = ListTable(request, CANDIDATES, name="candidates", size=0, rows=_candidates(plan) if plan else ())
    if table.exported:
        return table.export()
    chosen = request.POST if request.method == "POST" else request.GET
    planned = sum(one.planned for one in table.rows)
    return render(
        request,
        "admin/rebase.html",
        {
            "environment": environment,
            "base": environment.active,
            "table": table,
            "planned": planned,
            "selectable": any(one.selectable for one in table.rows),
            "chosen": set(chosen.getlist("targets")),
            "automatic": request.workspace.auto_approve,
            "everything": request.actor.has(Right.REVIEW),
            "refusal": refusal,
            "error": error,
        },
        status=error.status if error else 200,
    )


def _plan(request: Visit, environment: Environment) -> tuple[WavePlan | None, AssayError | None]:
    """Return the plan for the active version of a base, or why there is none."""
    if environment.active is None:
        return None, ConflictError(f"{environment.slug} has no active version.", hint="Publish one first.")
    base = find_version(request.actor, environment.slug, environment.active.number)
    try:
        check_base(base)
    except ConflictError as refused:
        return None, refused
    return plan_for(request.actor, base), None


def _candidates(plan: WavePlan) -> list[Candidate]:
    """Return what builds on a base: targets first, then what is skipped."""
    targets = [
        Candidate(
            derived=one.derived,
            level=one.level,
            words=f"Drafted when {one.waits_for} is published" if one.waits_for else "Drafted, built and submitted",
            planned=True,
            selectable=True,
        )
        for one in plan.targets
    ]
    skipped = [
        Candidate(
            derived=one.derived,
            level=one.level,
            words=one.words,
            planned=False,
            selectable=one.may_include,
        )
        for one in plan.skipped
    ]
    return [*targets, *skipped]


@page(Right.SEE)
def waves(request: Visit) -> HttpResponseBase:
    """List the waves that the visitor may see, newest first; of one base if it is named."""
    base = request.GET.get("base", "").strip()[:100]

    def reads(order: Order, limit: int, cursor: str) -> Page[WaveRow]:
        return wave_rows(request.actor, base=base, order=order, limit=limit, cursor=cursor)

    table = QueryTable(request, WAVES, name="waves", default="-wave", size=PAGE, reads=reads)
    if table.exported:
        return table.export()
    rows = [(row, parts_of(row.counts)) for row in table.rows]
    return render(request, "admin/waves.html", {"table": table, "waves": rows, "base": base})


@page(Right.SEE)
def wave(request: Visit, number: int) -> HttpResponseBase:
    """Show a wave: its progress, the state of each target and why; the page asks again while the wave runs."""
    found = find_wave(request.actor, number)
    targets = visible_targets(request.actor, found)
    state = request.GET.get("state", "")
    state = state if state in set(Target) else ""

    def reads(order: Order, limit: int, cursor: str) -> Page[TargetRow]:
        shown = targets.filter(state=state) if state else targets
        return target_rows(request.actor, shown, order=order, limit=limit, cursor=cursor)

    table = QueryTable(request, TARGETS, name="targets", size=PAGE, reads=reads)
    if table.exported:
        return table.export()
    response = render(request, "admin/wave.html", _wave_context(request, found, table, state))
    if request.headers.get("X-Assay-Poll") and found.state != "running":
        response["HX-Refresh"] = "true"  # the rest of the page depends on whether it runs
    return response


def _wave_context(request: Visit, found: Wave, table: QueryTable[TargetRow], state: str) -> dict[str, Any]:
    counts = count_states(visible_targets(request.actor, found))
    whole = may_see_whole(request.actor, found)
    return {
        "wave": found,
        "by": "assay" if found.automatic else found.by.get_username(),
        "counts": counts,
        "total": sum(counts.values()),
        "ended_count": counts.get(Target.PUBLISHED, 0),
        "parts": parts_of(counts),
        "states": [(one, counts[one], one == state) for one in ATTENTION if counts.get(one)],
        "state": state,
        "table": table,
        "whole": whole,
        "skipped": found.skipped[:SKIPPED] if whole else [],
        "skipped_more": max(0, len(found.skipped) - SKIPPED),
        "skipped_count": len(found.skipped),
        "may_stop": found.state == "running" and may_change(request.actor, found),
        "may_retry": found.state != "stopped" and counts.get(Target.FAILED, 0) and may_change(request.actor, found),
        "superseded": found.base.environment.active_id != found.base_id,
        "here": request.get_full_path(),
        "pace": BUSY if _is_busy(counts) else IDLE,
    }


def _is_busy(counts: Mapping[str, int]) -> bool:
    """Return whether something builds or may start; else the wave waits for reviewers."""
    waits = bool(counts.get(Target.SUBMITTED))
    return bool(counts.get(Target.BUILDING) or counts.get(Target.BUILT)) or not waits


def parts_of(counts: Mapping[str, int]) -> list[Part]:
    """Return the parts of a bar, by state."""
    total, start, parts = sum(counts.values()), 0.0, []
    for state in DRAWN:
        count = counts.get(state, 0)
        if count:
            length = 100 * count / total
            parts.append(Part(word=state, count=count, start=start, length=length))
            start += length
    return parts


@require_POST
@page(Right.COMPOSE)
def stop(request: Visit, number: int) -> HttpResponse:
    """Stop a wave; nothing new starts, and what is submitted or published stays."""
    try:
        stop_wave(request.actor, number, delete_drafts=request.POST.get("delete_drafts") == "yes")
    except ConflictError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    else:
        messages.success(request, f"Wave {number} is stopped. What it submitted or published stays.")
    return redirect("wave", number=number)


@require_POST
@page(Right.COMPOSE)
def retry(request: Visit, number: int) -> HttpResponse:
    """Retry the failed targets of a wave."""
    try:
        retry_failed(request.actor, number)
    except ConflictError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    else:
        messages.success(request, f"The failed environments of wave {number} are queued again.")
    return redirect("wave", number=number)
