"""The page of an environment: overview, versions, libraries, health, usage, history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet, Subquery
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.lifecycle import Health, Status
from assay.core.maintenance.approval_validity import validity_of
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.report import Report
from assay.core.review.requested_change import parse_requested_change
from assay.core.roles import Actor, Right
from assay.flow.access import find_environment, find_version, visible_versions
from assay.flow.compose import draft
from assay.flow.downloads import bill_of_materials, version_lock
from assay.flow.launch.launch import instead_of, notice_of
from assay.flow.maintenance.approval_end import approval_end
from assay.flow.maintenance.ownership import may_give
from assay.flow.maintenance.reinstate import files_present
from assay.flow.maintenance.rollouts import unsound
from assay.flow.review import review
from assay.store.models import Environment, Version
from assay.store.reads.audit_log import version_events
from assay.store.reads.behind import behind
from assay.store.reads.counting import CountOf
from assay.store.reads.health import LIVE
from assay.store.reads.libraries import library_rows
from assay.store.reads.reviews import renewals_of, requested_changes_of, rounds
from assay.store.reads.rollouts import Moved, groups_in, last_move, plan_of
from assay.store.reads.unused import UnusedLibraries
from assay.store.reads.usage import Use, recent_use
from assay.web.access import Visit, page
from assay.web.base_updates import base_context
from assay.web.rollout_form import DEFAULT, RolloutFields
from assay.web.studio.environment_tables import libraries_table, uses_table, versions_table
from assay.web.studio.health import health_context, summary_of
from assay.web.studio.integrity import files_context
from assay.web.studio.slim import imports_context, imports_of_tab
from assay.web.tables import Table

ENDING = (Status.DEPRECATED, Status.RETIRED)
TABS = ("overview", "versions", "libraries", "health", "usage", "history")


@page(Right.SEE)
def environment(request: Visit, slug: str, number: int | None = None) -> HttpResponseBase:
    """Show an environment with one of its versions: the given number, else the active one."""
    found = find_environment(request.actor, slug)
    versions = visible_versions(request.actor, found)
    numbers = _numbers(found, versions)
    active = found.active.number if found.active else numbers["last"]
    version = find_version(request.actor, slug, number or active)
    version.environment = found  # with more of it than the version loads
    tab = request.GET.get("tab", "overview")
    end = approval_end(version, validity=validity_of(request.workspace.approval_validity))
    imports = imports_of_tab(version, tab)
    table = _table(request, found, version, versions, tab, imports)
    if table and table.exported:
        return table.export()
    return render(
        request,
        "studio/environment.html",
        {
            "environment": found,
            "version": version,
            "versions_count": numbers["count"],
            "tab": tab if tab in TABS else "overview",
            "tabs": TABS,
            "table": table,
            "use": recent_use([found.pk]).get(found.pk, Use()),
            **_notice(request.actor, version),
            "approval": end,
            "moved": _moved(found, numbers["newest"]),
            "rollout": found.rollout,
            **base_context(request.actor, found, version, numbers["behind"]),
            "plan": plan_of(found.rollout) if found.rollout else None,
            **_submit_form(request, version),
            "may": _may(request.actor, version, due=end is not None and end.due),
            "requested_changes": requested_changes_of(version) if version.status == Status.DRAFT else [],
            **summary_of(version),
            **_tab_context(request, version, tab, imports),
        },
    )


def _numbers(environment: Environment, versions: QuerySet[Version]) -> dict[str, Any]:
    """Return how many versions there are, the last and the newest published one, and what is behind it: one query."""
    numbers = versions.order_by("-number").values("number")
    found = Environment.objects.filter(pk=environment.pk).annotate(
        count=CountOf(versions.values("pk")),
        last=Subquery(numbers[:1]),
        newest=Subquery(numbers.filter(status=Status.PUBLISHED)[:1]),
        behind=CountOf(behind(environment).values("pk")),
    )
    return dict(found.values("count", "last", "newest", "behind").get())


def _notice(actor: Actor, version: Version) -> dict[str, Any]:
    """Return what people of the version should know, and the version to use instead."""
    retired = version.status == Status.RETIRED
    return {
        "notice": notice_of(actor, version),
        "instead": instead_of(actor, version) if version.status in ENDING else "",
        "files_present": retired and files_present(version),
    }


def _moved(environment: Environment, newest: int | None) -> Moved | None:
    """Return who let the name stand for another version than the newest published one, None if nobody did."""
    active = environment.active
    return last_move(environment) if active and newest and active.number != newest else None


def _table(
    request: Visit,
    environment: Environment,
    version: Version,
    versions: QuerySet[Version],
    tab: str,
    imports: UnusedLibraries | None,
) -> Table[Any] | None:
    """Return the table of a tab, None for tabs without one."""
    if tab == "versions":
        return versions_table(request, environment, versions)
    if imports is not None:
        return libraries_table(request, version, imports)
    return uses_table(request, environment) if tab == "usage" else None


def _tab_context(request: Visit, version: Version, tab: str, imports: UnusedLibraries | None) -> dict[str, Any]:
    actor = request.actor
    if tab == "libraries":
        return imports_context(request, version, imports)
    if tab == "health" and version.lock is not None:
        return health_context(actor, version)
    if tab in {"versions", "usage"}:
        return {}
    if tab == "history":
        return {"events": version_events(version.environment.workspace_id, version.environment.slug, version.number)}
    return {
        "rounds": rounds(version),
        "renewals": renewals_of(version) if version.renewed_at else [],
        "report": Report.from_dict(version.lock.report) if version.lock else None,
        "libraries": library_rows(version)[:12],
        **files_context(actor, version),
    }


def _may(actor: Actor, version: Version, *, due: bool) -> dict[str, bool]:
    """Return which actions the page offers; `flow` checks again when one is executed."""
    own = version.author_id == actor.id
    status = version.status
    quarantined = version.health == Health.QUARANTINED
    return {
        "edit": own and status == Status.DRAFT,
        "submit": own and status == Status.DRAFT and version.lock_id is not None,
        "withdraw": own and status == Status.PENDING,
        "review": actor.has(Right.REVIEW) and status == Status.PENDING,
        "launch": version.lock_id is not None and status != Status.RETIRED and not quarantined,
        "new_version": actor.has(Right.COMPOSE) and version.environment.active_id is not None,
        "activate": actor.has(Right.REVIEW) and status == Status.PUBLISHED and not _is_active(version),
        "deprecate": actor.has(Right.REVIEW) and status == Status.PUBLISHED,
        "restore": actor.has(Right.REVIEW) and status == Status.DEPRECATED,
        "retire": actor.has(Right.ADMINISTER) and status == Status.DEPRECATED,
        "reinstate": actor.has(Right.ADMINISTER) and status == Status.RETIRED,
        "quarantine": actor.has(Right.ADMINISTER) and status in LIVE and not quarantined,
        "release": actor.has(Right.ADMINISTER) and quarantined,
        "template": actor.has(Right.ADMINISTER) and version.environment.active_id is not None,
        "give": version.environment.active_id is not None and may_give(actor, version.environment),
        "renew": due and (actor.has(Right.REVIEW) or actor.id in {version.author_id, version.environment.owner_id}),
        "delete": own and status == Status.DRAFT,
    }


def _is_active(version: Version) -> bool:
    return version.environment.active_id == version.pk or bool(unsound(version))


@require_POST
@page(Right.COMPOSE)
def new_version(request: Visit, slug: str) -> HttpResponse:
    """Start a draft from the active version."""
    version = draft.new_version(request.actor, slug)
    messages.success(request, f"{version.reference} is a new draft with the same libraries.")
    return redirect("editor", slug=slug, number=version.number)


@require_POST
@page(Right.COMPOSE)
def delete(request: Visit, slug: str, number: int) -> HttpResponse:
    """Delete a draft."""
    draft.delete_draft(request.actor, slug, number)
    messages.success(request, f"Draft {slug}@{number} is deleted.")
    return redirect("environments")


@page(Right.COMPOSE)
def submit(request: Visit, slug: str, number: int) -> HttpResponse:
    """Submit a built draft for approval, with a note and who gets it first."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            plan = RolloutFields.of_post(request.POST).plan() if "reach" in request.POST else None
            version = review.submit(request.actor, slug, number, request.POST.get("note", ""), rollout=plan)
        except AssayError as refused:
            error = refused
        else:
            messages.success(
                request, f"{version.reference} is submitted. You cannot edit it until a reviewer decides."
            )
            return redirect("version", slug=slug, number=number)
    version = find_version(request.actor, slug, number)
    return render(
        request,
        "studio/submit.html",
        {"version": version, "error": error, **_submit_form(request, version)},
        status=error.status if error else 200,
    )


def _submit_form(request: Visit, version: Version) -> dict[str, Any]:
    """Return what the form of a submission shows; who gets it first is a question once people use another version."""
    if version.status != Status.DRAFT or version.environment.active_id is None:
        return {"note": request.POST.get("note", "")}
    default = RolloutPlan.from_dict(request.workspace.rollout)
    sent = RolloutFields.of_post(request.POST) if "reach" in request.POST else None
    shown = RolloutFields() if default.everyone else RolloutFields(reach=DEFAULT)
    return {
        "note": request.POST.get("note", ""),
        "rollout_fields": sent or shown,
        "rollout_default": "" if default.everyone else default.words,
        "rollout_groups": groups_in(request.actor.workspace_id),
    }


@require_POST
@page(Right.COMPOSE)
def apply(request: Visit, slug: str, number: int) -> HttpResponse:
    """Apply a requested change of a reviewer to a draft, and redirect to its editor."""
    change = parse_requested_change(
        request.POST.get("name", ""), kind=request.POST.get("kind", ""), to=request.POST.get("to", "")
    )
    draft.apply_requested_change(request.actor, slug, number, change)
    messages.success(request, f"{change.name}: {change.words} is applied to the draft. Rebuild it when you are done.")
    return redirect("editor", slug=slug, number=number)


@require_POST
@page(Right.COMPOSE)
def withdraw(request: Visit, slug: str, number: int) -> HttpResponse:
    """Withdraw a submission."""
    version = review.withdraw(request.actor, slug, number)
    messages.success(request, f"{version.reference} is a draft again.")
    return redirect("version", slug=slug, number=number)


@page(Right.SEE)
def lock_file(request: Visit, slug: str, number: int) -> HttpResponse:
    """Download the lock."""
    file = version_lock(find_version(request.actor, slug, number))
    return HttpResponse(file.text, headers=file.headers)


@page(Right.SEE)
def sbom(request: Visit, slug: str, number: int) -> HttpResponse:
    """Download the SBOM (CycloneDX, JSON)."""
    file = bill_of_materials(find_version(request.actor, slug, number))
    return HttpResponse(file.text, headers=file.headers)
