"""Upgrading a project to another version: preview the changes, run a trial, switch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.roles import Right
from assay.runtimes import upgrade
from assay.web.access import Visit, page


@page(Right.COMPOSE)
def show(request: Visit, slug: str) -> HttpResponse:
    """Preview what another version changes for a project."""
    found = upgrade.preview(request.actor, slug, request.GET.get("to", "").strip())
    rows = [(row, row.versions[0], row.versions[-1]) for row in found.changes.changed]
    return render(request, "runtimes/upgrade.html", {"upgrade": found, "rows": rows})


@require_POST
@page(Right.COMPOSE)
def start_trial(request: Visit, slug: str) -> HttpResponse:
    """Run the project once in another version."""
    run = upgrade.start_trial(request.actor, slug, request.POST.get("to", ""))
    return redirect("run", run=run.pk)


@require_POST
@page(Right.COMPOSE)
def apply(request: Visit, slug: str) -> HttpResponse:
    """Switch the project to another version."""
    to = request.POST.get("to", "")
    upgrade.switch(request.actor, slug, to, seen=request.POST.get("digest", ""))
    messages.success(request, f"Switched to {to}. The next run uses it.")
    return redirect("runtime", slug=slug)
