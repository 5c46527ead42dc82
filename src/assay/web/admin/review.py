"""The review page: a summary, findings, changes and all other facts of a submission, and the decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError, NotFoundError
from assay.core.formatting import plural
from assay.core.lifecycle import Action, Status, decide
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.policy.findings import Effect
from assay.core.review.requested_change import RequestedChange, parse_requested_change
from assay.core.review.summary import summarise_checks
from assay.core.roles import Actor, Right
from assay.flow.access import find_version, version_state
from assay.flow.assess.assess import Verdict
from assay.flow.maintenance.merged_sources import Replacement, replaced_sources
from assay.flow.maintenance.rollouts import is_in_pilot, reach_of
from assay.flow.paths import build_directory
from assay.flow.review import review
from assay.flow.review.approval import approval_progress_in, approval_progress_of
from assay.flow.review.overview import Overview, overview
from assay.store.logs import tail
from assay.store.models import Decision, Version
from assay.store.reads.audit_log import version_events
from assay.store.reads.compared_versions import published_references
from assay.store.reads.libraries import library_rows
from assay.store.reads.merge_sources import sources_of
from assay.store.reads.reviews import Round, renewals_of, rounds, viewed_by
from assay.web.access import Visit, page
from assay.web.admin.changes import change_lines
from assay.web.admin.findings import findings_of
from assay.web.dates import end_of
from assay.web.studio.related_versions import offers
from assay.web.templatetags.assay import failed_first

LOG_LINES = 14
ROWS = 3  # rows for requested changes without JavaScript
KINDS = (
    ("raise", "raise to"),
    ("swap", "swap for"),
    ("drop", "drop"),
    ("wait", "wait until"),
    ("note", "other words"),
)


@page(Right.SEE)
def show(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show a submission. Its author sees why they cannot decide."""
    version = find_version(request.actor, slug, number)
    if version.lock is None or version.status == Status.DRAFT:
        return redirect("version", slug=slug, number=number)
    return _show(request, version)


def _show(request: Visit, version: Version, refused: AssayError | None = None) -> HttpResponse:
    """Show the page; after an invalid rejection, its form contains the submitted values."""
    found = overview(request.actor, version, request.GET.get("with", ""))
    past = rounds(version)
    return render(
        request,
        "admin/review.html",
        {
            "version": version,
            "environment": version.environment,
            "overview": found,
            "tone": _tone(found),
            "findings": findings_of(request.actor, version, found.verdict, found.chains),
            "changes": found.changes,
            "lines": change_lines(found.changes.open, viewed_by(request.actor, version)),
            "checks": summarise_checks(found.report.checks),
            "checks_state": failed_first(found.report.checks)[0].state if found.report.checks else "skipped",
            "rounds": past,
            "renewals": renewals_of(version) if version.renewed_at else [],
            "log": tail(build_directory(version.build_id) / "log", LOG_LINES) if version.build_id else "",
            "refused": refused,
            "feedback": request.POST.get("feedback", ""),
            "requested": _rows(request) or [("", "raise", "")] * ROWS,
            "kinds": KINDS,
            "replaced": replaced_sources(version),
            "reach": _reach(version, past),
            **_decision(request.actor, found, past),
        },
        status=refused.status if refused else 200,
    )


def _reach(version: Version, past: list[Round]) -> str:
    """Return whom a submission with a pilot group reaches when it is published, '' for everyone at once."""
    plan = RolloutPlan.from_dict(past[0].rollout) if past else RolloutPlan()
    return "" if plan.everyone or version.status != Status.PENDING else reach_of(version, plan).words


def _tone(found: Overview) -> str:
    """Return the tone of the summary: good only when everything was assessed and nothing was found."""
    if found.summary.effect is Effect.BLOCK:
        return "bad"
    if found.summary.effect is Effect.WARN or found.failed:
        return "warn"
    return "good" if found.verdict.feed else ""


def _decision(actor: Actor, found: Overview, past: list[Round]) -> dict[str, Any]:
    """Return what the open round needs, and why the actor may not decide ('' when they may)."""
    version = found.version
    own_allowed = version.environment.workspace.self_approval
    decisions = next((one.decisions for one in past if one.number == version.rounds), ())
    return {
        "needs": approval_progress_in(version, decisions).words if version.status == Status.PENDING else "",
        "approve_refusal": _refusal(actor, version, Action.APPROVE, self_approval=own_allowed)
        or _decided(actor, decisions)
        or _unwaived(found.verdict),
        "reject_refusal": _refusal(actor, version, Action.REJECT, self_approval=own_allowed),
    }


def _decided(actor: Actor, decisions: tuple[Decision, ...]) -> str:
    """Return a sentence when the actor has already approved and others still have to, else ''."""
    return "You approved it; others still have to." if any(one.by_id == actor.id for one in decisions) else ""


def _unwaived(found: Verdict) -> str:
    """Return how many findings block an approval, '' when none does; the page lists them."""
    count = len(found.blocking)
    if not count:
        return ""
    return f"{plural(count, 'finding')} {'blocks' if count == 1 else 'block'}. Reject it, or waive what blocks."


def _refusal(actor: Actor, version: Version, action: Action, *, self_approval: bool) -> str:
    """Return why the actor may not take an action, '' when they may."""
    try:
        decide(action, version_state(version), actor, words="given on the page", self_approval=self_approval)
    except AssayError as error:
        return f"{error.detail} {error.hint}"
    return ""


@page(Right.SEE)
def compare_options(request: Visit, slug: str, number: int) -> HttpResponse:
    """Return the versions to compare with, for the menu: those that are near, then all others."""
    version = find_version(request.actor, slug, number)
    near = offers(request.actor, version)
    known = {version.reference, *(one.reference for one in near)}
    others = [one for one in published_references(request.actor) if one[0] not in known]
    context = {"near": near, "others": others, "chosen": request.GET.get("with", "")}
    return render(request, "components/compare_options.html", context)


@page(Right.SEE)
def changes(request: Visit, slug: str, number: int) -> HttpResponse:
    """Return the table of the library changes that the page folds: the routine ones, or those approved before."""
    version = find_version(request.actor, slug, number)
    if version.lock is None:
        raise NotFoundError("This version is not built yet.", hint="Build it first.")
    found = overview(request.actor, version, request.GET.get("with", "")).changes
    part = found.accepted if request.GET.get("part") == "accepted" else found.folded
    return render(
        request, "components/changes.html", {"lines": change_lines(part, viewed_by(request.actor, version))}
    )


@page(Right.SEE)
def installed(request: Visit, slug: str, number: int) -> HttpResponse:
    """Return the table of all installed libraries."""
    version = find_version(request.actor, slug, number)
    return render(request, "components/installed.html", {"libraries": library_rows(version)})


@page(Right.SEE)
def events(request: Visit, slug: str, number: int) -> HttpResponse:
    """Return the audit log of the version."""
    version = find_version(request.actor, slug, number)
    context = {"events": version_events(request.actor.workspace_id, slug, version.number)}
    return render(request, "components/events.html", context)


@require_POST
@page(Right.SEE)
def viewed(request: Visit, slug: str, number: int) -> HttpResponse:
    """Mark a library as viewed by the visitor, or remove the mark."""
    review.mark_viewed(
        request.actor,
        slug,
        number,
        library=request.POST.get("library", ""),
        mark=request.POST.get("mark", ""),
        viewed=request.POST.get("viewed") == "1",
    )
    return HttpResponse(status=204)


@require_POST
@page(Right.SEE)
def approve(request: Visit, slug: str, number: int) -> HttpResponse:
    """Approve the version with the digest that the reviewer saw; publish it when no approval is missing."""
    version = review.approve(
        request.actor,
        slug,
        number,
        digest=request.POST.get("digest", ""),
        note=request.POST.get("note", ""),
        seen=request.POST.getlist("warning"),
        replacement=_replacement(request),
    )
    if version.status == Status.PENDING:
        messages.success(
            request, f"Your approval is recorded. {version.reference} needs {approval_progress_of(version).words}."
        )
        return redirect("review", slug=slug, number=number)
    first = "Its pilot group gets it first." if is_in_pilot(version) else "Everyone can pick it now."
    messages.success(request, f"{version.reference} is published. {first}")
    _tell_replaced(request, version)
    return redirect("version", slug=slug, number=number)


def _replacement(request: Visit) -> Replacement:
    """Return what the reviewer confirmed about the sources of a merge: those that the page showed, until when."""
    seen = frozenset(request.POST.getlist("source")) if "replaces" in request.POST else None
    return Replacement(
        message=request.POST.get("message", ""), ends_at=end_of(request.POST.get("ends", ""), "ends"), seen=seen
    )


def _tell_replaced(request: Visit, version: Version) -> None:
    """Report which sources of a merge are deprecated now, and which are left as they are."""
    for one in sources_of(version):
        if one.successor == version.reference:
            messages.success(request, f"{one.reference} is deprecated; its successor is {version.reference}.")
        else:
            messages.warning(request, f"{one.reference} is left as it is: it is {one.status}.")


@require_POST
@page(Right.SEE)
def reject(request: Visit, slug: str, number: int) -> HttpResponse:
    """Reject a submission with feedback; after an error, the form contains the submitted values."""
    try:
        version = review.reject(
            request.actor,
            slug,
            number,
            feedback=request.POST.get("feedback", ""),
            libraries=_requested_changes(request),
        )
    except InvalidInputError as refused:
        return _show(request, find_version(request.actor, slug, number), refused)
    messages.success(request, f"{version.reference} went back to {version.author} with your feedback.")
    return redirect("admin-environments")


def _requested_changes(request: Visit) -> tuple[RequestedChange, ...]:
    """Parse the rows of the form; skip those without a library. A row of the kind "note" is free text."""
    return tuple(
        parse_requested_change(name, to) if kind == "note" else parse_requested_change(name, kind=kind, to=to)
        for name, kind, to in _rows(request)
        if name
    )


def _rows(request: Visit) -> list[tuple[str, str, str]]:
    names, kinds, targets = (request.POST.getlist(name) for name in ("library", "kind", "to"))
    return [(name.strip(), kind, to.strip()) for name, kind, to in zip(names, kinds, targets, strict=False)]
