"""The files of a version on its page: the result of the last verification; verify them again, or rebuild."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.roles import Actor, Right
from assay.flow.access import find_version
from assay.flow.build.build import request_repair
from assay.flow.build.verify import request_verification
from assay.store.models import Version
from assay.store.reads.disk_usage import own_bytes
from assay.web.access import Visit, page


def files_context(actor: Actor, version: Version) -> dict[str, Any]:
    """Return the context of the panel: the last verification, the unshared bytes, who may rebuild."""
    if version.lock is None:
        return {}
    return {
        "version": version,
        "verification": version.lock.verifications.order_by("-created_at").first(),
        "own_bytes": own_bytes(version.lock),
        "may_rebuild": actor.has(Right.REVIEW) or version.author_id == actor.id,
    }


@page(Right.SEE)
def files(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show only the panel; it is polled while a verification runs."""
    version = find_version(request.actor, slug, number)
    return render(request, "components/files.html", files_context(request.actor, version))


@require_POST
@page(Right.COMPOSE)
def verify(request: Visit, slug: str, number: int) -> HttpResponse:
    """Queue a verification of all files."""
    request_verification(request.actor, slug, number)
    return redirect("version", slug=slug, number=number)


@require_POST
@page(Right.COMPOSE)
def rebuild(request: Visit, slug: str, number: int) -> HttpResponse:
    """Queue a rebuild of the same lock."""
    return redirect("build", build=request_repair(request.actor, slug, number).pk)
