"""Pages of a roll-out and of the active version: their figures, and what a reviewer may do."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from assay.core.errors import AssayError, InvalidInputError
from assay.core.maintenance.rollout import (
    ALLOWED_FROM,
    OPEN,
    Figures,
    RolloutAction,
    RolloutState,
    progress,
)
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.maintenance import rollouts
from assay.store.reads.rollouts import NAMED, count_starts, figures_in, pilot_members, plan_of
from assay.store.reads.usage import Use, recent_use
from assay.web.access import Visit, page

DONE = {
    RolloutAction.COMPLETE: "Everyone gets {} at their next start.",
    RolloutAction.STOP: "The roll-out of {} is stopped. Its pilot group gets the version before at their next start.",
    RolloutAction.RESUME: "The pilot of {} continues, counted from the beginning.",
}
WHOLE = 100.0  # length of a bar


def shares(figures: Figures) -> list[tuple[str, str, float]]:
    """Return (label, words, length of its bar of 100) of the failed starts in the version and in the one before."""
    return [
        ("This version", f"{figures.failures:,} of {figures.starts:,} failed", figures.share * WHOLE),
        (
            "Version before",
            f"{figures.failures_before:,} of {figures.starts_before:,} failed",
            figures.share_before * WHOLE,
        ),
    ]


@page(Right.SEE)
def rollout(request: Visit, slug: str) -> HttpResponse:
    """Show the roll-out in progress, else the last one; a reviewer completes, stops or resumes it."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            action = _change(request, slug)
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, DONE[action].format(f"{slug}@{request.POST['version']}"))
            return redirect("environment", slug=slug)
    found = rollouts.last_rollout(request.actor, slug)
    members = pilot_members(request.actor.workspace_id, plan_of(found))
    state = RolloutState(found.state)
    may = request.actor.has(Right.REVIEW) and state in OPEN
    figures = count_starts(found) if state is RolloutState.PILOT else figures_in(found)
    now = found.ended_at or timezone.now()
    return render(
        request,
        "admin/rollout.html",
        {
            "rollout": found,
            "version": find_version(request.actor, slug, found.version.number),
            "plan": plan_of(found),
            "progress": [
                (one.words, one.share * WHOLE)
                for one in progress(plan_of(found), figures, started=found.started_at, now=now)
            ],
            "shares": shares(figures),
            "members": [name for _, name in members[:NAMED]],
            "pilot": len(members),
            "more": max(0, len(members) - NAMED),
            "allowed": [one for one in RolloutAction if may and state in ALLOWED_FROM[one]],
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )


def _change(request: Visit, slug: str) -> RolloutAction:
    try:
        action = RolloutAction(request.POST.get("action", ""))
        seen = int(request.POST.get("version", "")), request.POST.get("state", "")
    except ValueError:
        raise InvalidInputError("This form is incomplete.", hint="Load the page again.") from None
    rollouts.change_rollout(request.actor, slug, action, reason=request.POST.get("reason", ""), seen=seen)
    return action


@page(Right.REVIEW)
def set_active(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show what changes when the name stands for another version; change it with a reason."""
    version = find_version(request.actor, slug, number)
    environment = version.environment
    error: AssayError | None = None
    if request.method == "POST":
        try:
            seen = int(request.POST.get("seen") or 0)
            rollouts.set_active(request.actor, slug, number, reason=request.POST.get("reason", ""), seen=seen)
        except ValueError:
            error = InvalidInputError("This form is incomplete.", hint="Load the page again.")
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, f"{slug} means {version.reference} now. People get it at their next start.")
            return redirect("environment", slug=slug)
        environment.refresh_from_db()
    return render(
        request,
        "admin/active.html",
        {
            "version": version,
            "environment": environment,
            "active": environment.active,
            "rollout": environment.rollout,
            "use": recent_use([environment.pk]).get(environment.pk, Use()),
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )
