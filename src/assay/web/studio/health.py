"""The health of a version on its page: its current findings, and the suggested update."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.lifecycle import NOT_ASSESSED, Status
from assay.core.policy.findings import Finding, stops_at
from assay.core.roles import Actor, Right
from assay.flow.access import find_version
from assay.flow.assess.assess import verdict
from assay.flow.assess.report import health_of
from assay.flow.watch.quarantine import ends_at
from assay.flow.watch.suggested_update import suggest_update
from assay.store.models import Version
from assay.store.reads.health import open_entry
from assay.web.access import Visit, page
from assay.web.admin.findings import findings_of


def summary_of(version: Version) -> dict[str, Any]:
    """Return the health of a version, and for drafts and pending versions the number of blocking findings."""
    if version.lock is None:
        return {"health": NOT_ASSESSED, "blocking": 0}
    undecided = version.status in {Status.DRAFT, Status.PENDING}
    return {
        "health": health_of(version),
        "blocking": len(verdict(version).blocking) if undecided else 0,
    }


def health_context(actor: Actor, version: Version) -> dict[str, Any]:
    """Return the context of the Health tab of a built version: its findings, and the new ones since its approval."""
    entry = open_entry(version)
    new = [Finding.from_dict(one) for one in entry.findings] if entry else []
    findings = findings_of(actor, version, verdict(version))
    newest = version.environment.active_id == version.pk
    return {
        "findings": findings,
        "entry": entry,
        "stops": stops_at(new, entry.opened_at) if entry else None,
        "ends": ends_at(version),
        "may_update": actor.has(Right.COMPOSE) and newest and bool(findings.open),
    }


@require_POST
@page(Right.COMPOSE)
def preview_suggested_update(request: Visit, slug: str, number: int) -> HttpResponse:
    """Show the changes of the suggested update, or why there is none."""
    version = find_version(request.actor, slug, number)
    try:
        found = suggest_update(request.actor, slug, number, create=False)
    except AssayError as error:
        return render(request, "components/suggested_update.html", {"error": error, "version": version})
    return render(request, "components/suggested_update.html", {"update": found, "version": version})


@require_POST
@page(Right.COMPOSE)
def create_suggested_update(request: Visit, slug: str, number: int) -> HttpResponse:
    """Create a draft with the smallest changes that fix the known vulnerabilities."""
    try:
        found = suggest_update(request.actor, slug, number)
    except AssayError as error:
        messages.error(request, f"{error.detail} {error.hint}")
        return redirect(f"/environments/{slug}/{number}/?tab=health")
    if found.draft is None:
        raise AssertionError(found)
    messages.success(request, f"{found.draft.reference} is a new draft: {found.words}. Build it, then submit it.")
    return redirect("editor", slug=slug, number=found.draft.number)
