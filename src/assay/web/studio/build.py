"""The build page: steps, progress, log, and advice after a failure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.lifecycle import BuildState
from assay.core.roles import Actor, Right
from assay.flow.access import find_build
from assay.flow.build.build import cancel_build, read_log, request_build
from assay.store.models import Build
from assay.web.access import Visit, page

STEPS = (("resolving", "Resolve"), ("installing", "Download and install"), ("checking", "Verify and check"))


@page(Right.SEE)
def build(request: Visit, build: UUID) -> HttpResponse:
    """Show a build; its page polls the changing part while it runs."""
    found = find_build(request.actor, str(build))
    template = "components/progress.html" if request.htmx else "studio/build.html"
    return render(request, template, context(request.actor, found))


def context(actor: Actor, found: Build) -> dict[str, Any]:
    """Return the template context of a build."""
    own = found.version.author_id == actor.id
    draft = found.version.status == "draft"
    return {
        "build": found,
        "version": found.version,
        "steps": [_step(found, name, label) for name, label in STEPS],
        "percent": _percent(found),
        "may_cancel": own and found.active,
        "may_retry": own and draft and not found.active and found.state != BuildState.BUILT,
    }


def _step(found: Build, name: str, label: str) -> dict[str, Any]:
    now = found.progress.get("step", found.state) if found.active else None
    took = found.steps.get(name)
    failed = found.failure is not None and found.failure["step"] == name
    return {"label": label, "seconds": took, "now": now == name, "failed": failed}


def _percent(found: Build) -> int:
    """Return the progress in percent: a fixed share for each step, and by bytes within the installation."""
    if not found.active:
        return 100
    progress = found.progress
    shares = {"resolving": 5, "installing": 15, "checking": 75}
    at = shares.get(progress.get("step", ""), 0)
    total = progress.get("bytes_total", 0)
    if progress.get("step") == "installing" and total:
        at += round(60 * min(1.0, progress.get("bytes_done", 0) / total))
    return at


@page(Right.SEE)
def build_log(request: Visit, build: UUID) -> HttpResponse:
    """Return the log from a byte offset, as JSON."""
    given = request.GET.get("offset", "0")
    offset = int(given) if given.isdigit() else 0
    return JsonResponse(read_log(find_build(request.actor, str(build)), offset))


@require_POST
@page(Right.COMPOSE)
def start(request: Visit, slug: str, number: int) -> HttpResponse:
    """Queue a build."""
    return redirect("build", build=request_build(request.actor, slug, number).pk)


@require_POST
@page(Right.COMPOSE)
def cancel(request: Visit, build: UUID) -> HttpResponse:
    """Request the cancellation of a build."""
    cancel_build(request.actor, str(build))
    return redirect("build", build=build)
