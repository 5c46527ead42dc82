"""Imports of the libraries of a version on its page, and the page that drafts a slimmer version."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from assay.core.errors import AssayError
from assay.core.formatting import format_bytes
from assay.core.lifecycle import Status
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.usage.slim import Slimming, create_slim, plan_slim
from assay.store.models import Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.unused import UnusedLibraries, unused_libraries
from assay.web.access import Visit, page
from assay.web.studio.environment_tables import IMPORTED, ORIGINS

NAMED = 3  # libraries that a message names


def imports_of_tab(version: Version, tab: str) -> UnusedLibraries | None:
    """Return the imports of a built version for its tab of libraries, None for the others."""
    if tab != "libraries" or version.lock is None:
        return None
    return unused_libraries(version, since=(timezone.now() - PERIOD).date())


def imports_context(request: Visit, version: Version, use: UnusedLibraries | None) -> dict[str, Any]:
    """Return the context of the tab of libraries: its filters, and what is known of imports."""
    live = version.status in {Status.PUBLISHED, Status.DEPRECATED}
    return {
        "origins": ORIGINS,
        "origin": request.GET.get("origin", ""),
        "choices": IMPORTED,
        "imported": request.GET.get("imported", ""),
        "text": request.GET.get("text", ""),
        "imports": use,
        "records": request.workspace.record_imports,
        "may_slim": live and request.actor.has(Right.COMPOSE),
    }


@page(Right.COMPOSE)
def slim(request: Visit, slug: str, number: int) -> HttpResponseBase:
    """Show what a slimmer version leaves out and saves, and create its draft."""
    version = find_version(request.actor, slug, number)
    drop = request.POST.getlist("drop") or request.GET.getlist("drop") or None
    plan, error = None, None
    try:
        if request.POST.get("action") == "preview":
            return redirect(f"{request.path}?{urlencode({'drop': drop or []}, doseq=True)}")
        if request.method == "POST":
            return _create(request, version, drop)
        plan = plan_slim(request.actor, slug, number, drop)
    except AssayError as refused:
        error = refused
    status = error.status if error and request.method == "POST" else 200
    return render(request, "studio/slim.html", {"version": version, "plan": plan, "error": error}, status=status)


def _create(request: Visit, version: Version, drop: list[str] | None) -> HttpResponse:
    """Create the draft. Without a library chosen there is nothing to leave out."""
    draft, found = create_slim(request.actor, version.environment.slug, version.number, drop or ())
    messages.success(
        request,
        f"{draft.reference} is a new draft without {_names(found)}: {format_bytes(found.saved)} less. "
        "Build it, try it, then submit it.",
    )
    return redirect("editor", slug=version.environment.slug, number=draft.number)


def _names(found: Slimming) -> str:
    names = [one.name for one in found.dropped]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
