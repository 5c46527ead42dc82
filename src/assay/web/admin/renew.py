"""Renewing the approval of a version: what changed since it was given, and a reviewer's click with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from assay.core.errors import AssayError
from assay.core.lifecycle import Health
from assay.core.maintenance.renewal import check_renewal
from assay.core.roles import Actor, Right
from assay.flow.access import version_state
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.renewal import changes_since_approval, renew
from assay.store.models import Version
from assay.store.reads.reviews import rounds
from assay.web.access import Visit, page

NAMED = 20  # people that a reviewer sees by name
FILLED = "-"  # a reason, to ask whether the actor may renew at all


@page(Right.SEE)
def renew_approval(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show what changed in the world since the approval; renew it when a reviewer sends a reason."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            version = renew(
                request.actor,
                slug,
                number,
                reason=request.POST.get("reason", ""),
                digest=request.POST.get("digest", ""),
                seen=request.POST.getlist("warning"),
            )
        except AssayError as refused:
            if refused.status == 404:  # noqa: PLR2004 - nothing to show
                raise
            error = refused
        else:
            messages.success(request, f"The approval of {version.reference} is renewed{_until(version)}.")
            return redirect("version", slug=slug, number=number)
    return _show(request, slug, number, error)


def _until(version: Version) -> str:
    end = approval_end(version)
    return f". It is good until {end.ends:%Y-%m-%d}" if end else ""


def _show(request: Visit, slug: str, number: int, error: AssayError | None) -> HttpResponse:
    version, found = changes_since_approval(request.actor, slug, number)
    people = [one.name for one in found.impact.people] if request.actor.has(Right.REVIEW) else []
    past = rounds(version)
    return render(
        request,
        "admin/renew.html",
        {
            "version": version,
            "environment": version.environment,
            "found": found,
            "approvals": [one for one in past[0].decisions if one.verdict == "approve"] if past else [],
            "blocking": found.verdict.blocking,
            "warnings": found.verdict.warnings,
            "people": people[:NAMED],
            "refusal": _refusal(request.actor, version),
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )


def _refusal(actor: Actor, version: Version) -> AssayError | None:
    """Return why the actor may not renew, None when they may."""
    own = version.environment.workspace.self_approval
    try:
        check_renewal(version_state(version), Health(version.health), actor, FILLED, self_approval=own)
    except AssayError as error:
        return error
    return None
