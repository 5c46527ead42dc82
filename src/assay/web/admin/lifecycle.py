"""Deprecate, restore, retire, quarantine and release a version; retiring and quarantining show the impact first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.roles import Right
from assay.flow import retire as lifecycle
from assay.flow.access import find_version
from assay.flow.watch.quarantine import last_quarantine
from assay.store.models import Version
from assay.store.reads.health import open_entry
from assay.web.access import Visit, page
from assay.web.undo import success_with_undo


@dataclass(frozen=True, kw_only=True)
class ConfirmedAction:
    """The texts of an action that is confirmed on its own page."""

    name: str
    title: str
    consequences: tuple[str, ...]
    reason: str
    button: str
    done: str


RETIRE = ConfirmedAction(
    name="retire",
    title="Retire",
    consequences=(
        "Nobody can launch it, and no project can run in it.",
        "Its files are removed when space is needed. Its lock, report and history stay.",
        "You cannot undo this. People can create a new version from the same libraries.",
    ),
    reason="Why is it retired?",
    button="Retire version",
    done="is retired",
)
QUARANTINE = ConfirmedAction(
    name="quarantine",
    title="Quarantine",
    consequences=(
        "Nobody can launch it until an administrator releases it.",
        "Servers and runs that use it now continue. Stop them yourself if they must end.",
        "Its files stay.",
    ),
    reason="What did you find?",
    button="Quarantine version",
    done="is quarantined",
)
RELEASE = ConfirmedAction(
    name="release",
    title="Release",
    consequences=("People can launch it again, as its status allows.", "Open findings stay open."),
    reason="Why is it safe again?",
    button="Release version",
    done="is released from quarantine",
)


@page(Right.ADMINISTER)
def retire(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show the impact of retiring a deprecated version; retire it when its name is typed."""

    def act(reason: str) -> Version:
        force = request.POST.get("force") == "yes"
        return lifecycle.retire(request.actor, slug, number, reason=reason, force=force)

    return _confirmed(request, RETIRE, slug, number, act)


@page(Right.ADMINISTER)
def quarantine(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show the impact of quarantining a version; stop its new launches when its name is typed."""
    return _confirmed(
        request,
        QUARANTINE,
        slug,
        number,
        lambda reason: lifecycle.quarantine(request.actor, slug, number, reason=reason),
    )


@page(Right.ADMINISTER)
def release(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show why a version is quarantined; release it when its name is typed."""
    return _confirmed(
        request, RELEASE, slug, number, lambda reason: lifecycle.release(request.actor, slug, number, reason=reason)
    )


def _confirmed(
    request: Visit, action: ConfirmedAction, slug: str, number: int, act: Callable[[str], Version]
) -> HttpResponse:
    """Show the confirmation page of an action, or execute the action when the form is valid."""
    version = find_version(request.actor, slug, number)
    error: AssayError | None = None
    if request.method == "POST":
        try:
            _check_name(version, request.POST.get("name", ""))
            act(request.POST.get("reason", ""))
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, f"{version.reference} {action.done}.")
            return redirect("version", slug=slug, number=number)
    return render(
        request,
        "admin/lifecycle.html",
        {
            "action": action,
            "version": version,
            "impact": lifecycle.ending_impact(request.actor, slug, number),
            "entry": open_entry(version) if action is RELEASE else None,
            "event": last_quarantine(version) if action is RELEASE else None,
            "error": error,
            "form": request.POST,
        },
        status=error.status if error else 200,
    )


def _check_name(version: Version, typed: str) -> None:
    if typed.strip() != version.reference:
        raise InvalidInputError("The name does not match.", hint=f"Type {version.reference} to confirm.", path="name")


@require_POST
@page(Right.REVIEW)
def deprecate(request: Visit, slug: str, number: int) -> HttpResponse:
    """Mark a published version as deprecated: it should no longer be chosen."""
    version = lifecycle.deprecate(
        request.actor,
        slug,
        number,
        reason=request.POST.get("reason", ""),
        successor=request.POST.get("successor", "").strip(),
    )
    success_with_undo(request, f"{version.reference} is deprecated.", reverse("restore", args=[slug, number]))
    return redirect("version", slug=slug, number=number)


@require_POST
@page(Right.REVIEW)
def restore(request: Visit, slug: str, number: int) -> HttpResponse:
    """Publish a deprecated version again."""
    version = lifecycle.restore(request.actor, slug, number)
    messages.success(request, f"{version.reference} is published again.")
    return redirect("version", slug=slug, number=number)
