"""The review page: what changed, what is wrong, everything else; and the decision beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.diff import Change, Comparison
from assay.core.edit import Ask, parse_ask
from assay.core.errors import AssayError
from assay.core.lifecycle import Action, Status, decide
from assay.core.report import Report
from assay.core.roles import Actor, Right
from assay.flow import review
from assay.flow.access import find_reference, find_version, standing, workspace_of
from assay.flow.places import build_directory
from assay.store.logs import tail
from assay.store.models import Membership, Version
from assay.store.reads.libraries import library_rows
from assay.store.reads.reviews import rounds
from assay.store.reads.sides import also_in, changes_against, predecessor, published_references
from assay.store.reads.trail import version_trail
from assay.web.access import Visit, page

LOG_LINES = 14


@page(Right.SEE)
def show(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show a submission. Its author reads why they cannot decide."""
    version = find_version(request.actor, slug, number)
    if version.lock is None or version.status == Status.DRAFT:
        return redirect("version", slug=slug, number=number)
    earlier = predecessor(version)
    other = _other(request, earlier)
    own_allowed = workspace_of(request.actor).self_approval
    comparison = changes_against(version, other)
    return render(
        request,
        "review.html",
        {
            "version": version,
            "environment": version.environment,
            "other": other,
            "other_reference": other.reference if other else "",
            "choices": published_references(request.actor),
            "predecessor": earlier,
            "comparison": comparison,
            "strip": _strip(version, other, comparison),
            "changes": _change_rows(request.actor, version, comparison),
            "libraries": library_rows(version),
            "report": Report.from_dict(version.lock.report),
            "rounds": rounds(version),
            "events": version_trail(request.actor.workspace_id, slug, number),
            "log": tail(build_directory(version.build_id) / "log", LOG_LINES) if version.build_id else "",
            "people": Membership.objects.filter(workspace_id=request.actor.workspace_id).count(),
            "approve_refusal": _refusal(request.actor, version, Action.APPROVE, self_approval=own_allowed),
            "reject_refusal": _refusal(request.actor, version, Action.REJECT, self_approval=own_allowed),
        },
    )


def _other(request: Visit, earlier: Version | None) -> Version | None:
    """Return what to compare with: what the address names, else the last published version, else the base."""
    wanted = request.GET.get("with", "")
    if wanted == "nothing":
        return None
    return find_reference(request.actor, wanted) if wanted else earlier


def _strip(version: Version, other: Version | None, comparison: Comparison) -> dict[str, Any]:
    """Return the numbers of the strip; sizes are installed bytes."""
    size = version.lock.size if version.lock else 0
    before = other.lock.size if other and other.lock else 0
    checks = version.lock.report["checks"] if version.lock else []
    return {
        "added": comparison.counts[Change.ADDED],
        "removed": comparison.counts[Change.REMOVED],
        "changed": comparison.altered,
        "size": size,
        "growth": size - before if other else None,
        "failed": [check["name"] for check in checks if check["state"] != "passed"],
    }


def _change_rows(actor: Actor, version: Version, comparison: Comparison) -> list[dict[str, Any]]:
    rows = comparison.changed
    elsewhere = also_in(actor, [row.name for row in rows], but=version.environment_id)
    return [
        {
            "row": row,
            "tone": {"added": "added", "removed": "removed"}.get(row.change, "moved"),
            "before": row.versions[0],
            "after": row.versions[-1],
            "growth": row.sizes[-1] - row.sizes[0],
            "elsewhere": elsewhere.get(row.name, [])[:3],
            "more": max(0, len(elsewhere.get(row.name, [])) - 3),
        }
        for row in rows
    ]


def _refusal(actor: Actor, version: Version, action: Action, *, self_approval: bool) -> str:
    """Return why the actor may not take an action, '' when they may."""
    try:
        decide(action, standing(version), actor, words="given on the page", self_approval=self_approval)
    except AssayError as error:
        return f"{error.detail} {error.hint}"
    return ""


@require_POST
@page(Right.SEE)
def approve(request: Visit, slug: str, number: int) -> HttpResponse:
    """Publish what was seen."""
    version = review.approve(
        request.actor,
        slug,
        number,
        digest=request.POST.get("digest", ""),
        note=request.POST.get("note", ""),
    )
    messages.success(request, f"{version.reference} is published. Everyone can pick it now.")
    return redirect("version", slug=slug, number=number)


@require_POST
@page(Right.SEE)
def reject(request: Visit, slug: str, number: int) -> HttpResponse:
    """Give a submission back with feedback."""
    version = review.reject(
        request.actor, slug, number, feedback=request.POST.get("feedback", ""), libraries=_asks(request)
    )
    messages.success(request, f"{version.reference} went back to {version.author} with your feedback.")
    return redirect("admin-environments")


def _asks(request: Visit) -> tuple[Ask, ...]:
    """Read the rows of the form; one without a library asks nothing. "note" only says, in words, what to do."""
    columns = [request.POST.getlist(name) for name in ("library", "kind", "to")]
    rows = [tuple(map(str.strip, row)) for row in zip(*columns, strict=False)]
    return tuple(
        parse_ask(name, to) if kind == "note" else parse_ask(name, kind=kind, to=to)
        for name, kind, to in rows
        if name
    )
