"""Retire, quarantine, release, restore and reinstate a version; the first three show the impact first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, InvalidInputError
from assay.core.roles import Right
from assay.flow import retire as lifecycle
from assay.flow.access import find_version
from assay.flow.maintenance.impact import freed_by, show_impact
from assay.flow.maintenance.redirects import redirect_of
from assay.flow.maintenance.reinstate import reinstate as bring_back
from assay.flow.watch.quarantine import last_quarantine
from assay.store.models import Version
from assay.store.reads.health import open_entry
from assay.web.access import Visit, page
from assay.web.admin.impact import impact_context, impact_tables
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
    undo: str = ""


RETIRE = ConfirmedAction(
    name="retire",
    title="Retire",
    consequences=(
        "Nobody can launch it, and no project can run in it.",
        "Servers, runs and apps that use it are stopped after 24 hours.",
        "Everyone who used it in 90 days is notified.",
        "Its files are removed when space is needed. Its lock, report and history stay.",
        "An administrator can reinstate it; removed files are rebuilt from its lock.",
    ),
    reason="Why is it retired?",
    button="Retire version",
    done="is retired",
    undo="reinstate",
)
QUARANTINE = ConfirmedAction(
    name="quarantine",
    title="Quarantine",
    consequences=(
        "Nobody can launch it until an administrator releases it.",
        "Servers and runs that use it now continue. Stop them yourself if they must end.",
        "Everyone who used it in 90 days is notified.",
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
def retire(request: Visit, slug: str, number: int) -> HttpResponseBase:
    """Show the impact of retiring a deprecated version; retire it when its name is typed."""

    def act(reason: str, impact: str) -> Version:
        force = request.POST.get("force") == "yes"
        return lifecycle.retire(request.actor, slug, number, reason=reason, force=force, impact=impact)

    return _confirmed(request, RETIRE, slug, number, act)


@page(Right.ADMINISTER)
def quarantine(request: Visit, slug: str, number: int) -> HttpResponseBase:
    """Show the impact of quarantining a version; stop its new launches when its name is typed."""

    def act(reason: str, impact: str) -> Version:
        return lifecycle.quarantine(request.actor, slug, number, reason=reason, impact=impact)

    return _confirmed(request, QUARANTINE, slug, number, act)


@page(Right.ADMINISTER)
def release(request: Visit, slug: str, number: int) -> HttpResponseBase:
    """Show why a version is quarantined; release it when its name is typed."""

    def act(reason: str, impact: str) -> Version:
        return lifecycle.release(request.actor, slug, number, reason=reason, impact=impact)

    return _confirmed(request, RELEASE, slug, number, act)


def _confirmed(
    request: Visit, action: ConfirmedAction, slug: str, number: int, act: Callable[[str, str], Version]
) -> HttpResponseBase:
    """Show the confirmation page of an action, or execute the action when the form is valid.

    The form carries the token of the impact that it shows; with another one by now, the page is shown again with it.
    """
    version = find_version(request.actor, slug, number)
    error: AssayError | None = None
    if request.method == "POST":
        try:
            _check_name(version, request.POST.get("name", ""))
            act(request.POST.get("reason", ""), request.POST.get("impact", ""))
        except AssayError as refused:
            error = refused
        else:
            _tell(request, action, version)
            return redirect("version", slug=slug, number=number)
    found = show_impact(request.actor, slug, number)
    tables = impact_tables(request, found)
    for table in tables.values():
        if table.exported:
            return table.export()
    context = {
        "action": action,
        "version": version,
        "freed": freed_by(version) if action is RETIRE else None,
        "leads": redirect_of(version) if action is RETIRE else "",
        "entry": open_entry(version) if action is RELEASE else None,
        "event": last_quarantine(version) if action is RELEASE else None,
        "form": request.POST,
        **impact_context(found, tables, error),
    }
    return render(request, "admin/lifecycle.html", context, status=error.status if error else 200)


def _tell(request: Visit, action: ConfirmedAction, version: Version) -> None:
    text = f"{version.reference} {action.done}."
    if action.undo:
        place = [version.environment.slug, version.number]
        success_with_undo(request, text, reverse(action.undo, args=place))
    else:
        messages.success(request, text)


def _check_name(version: Version, typed: str) -> None:
    if typed.strip() != version.reference:
        raise InvalidInputError("The name does not match.", hint=f"Type {version.reference} to confirm.", path="name")


@require_POST
@page(Right.REVIEW)
def restore(request: Visit, slug: str, number: int) -> HttpResponse:
    """Publish a deprecated version again."""
    version = lifecycle.restore(request.actor, slug, number)
    messages.success(request, f"{version.reference} is published again.")
    return redirect("version", slug=slug, number=number)


@require_POST
@page(Right.ADMINISTER)
def reinstate(request: Visit, slug: str, number: int) -> HttpResponse:
    """Make a retired version deprecated again; rebuild its files from its lock if they were removed."""
    version, build = bring_back(request.actor, slug, number)
    if build is None:
        messages.success(request, f"{version.reference} is deprecated again. People can launch it.")
        return redirect("version", slug=slug, number=number)
    messages.success(
        request, f"{version.reference} is rebuilt from its lock. People can launch it when its files are verified."
    )
    return redirect("build", build=build.pk)
