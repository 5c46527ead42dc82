"""Moving a project to another version: what would change, a trial run, the switch."""

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
    """Show what another version would change for a project."""
    found = upgrade.move(request.actor, slug, request.GET.get("to", "").strip())
    rows = [(row, row.versions[0], row.versions[-1]) for row in found.changes.changed]
    return render(request, "runtimes/upgrade.html", {"move": found, "rows": rows})


@require_POST
@page(Right.COMPOSE)
def try_it(request: Visit, slug: str) -> HttpResponse:
    """Run the project once in the other version."""
    run = upgrade.try_it(request.actor, slug, request.POST.get("to", ""))
    return redirect("run", run=run.pk)


@require_POST
@page(Right.COMPOSE)
def take(request: Visit, slug: str) -> HttpResponse:
    """Let the project run in the other version from now on."""
    to = request.POST.get("to", "")
    upgrade.switch(request.actor, slug, to, seen=request.POST.get("digest", ""))
    messages.success(request, f"Switched to {to}. The next run uses it.")
    return redirect("runtime", slug=slug)
