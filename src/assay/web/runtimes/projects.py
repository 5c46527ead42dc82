"""Runtimes: scripts in a published version, and their runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.downloads import lock_by_digest
from assay.flow.launch import secrets
from assay.runtimes import projects, runs, upgrade
from assay.runtimes.applications import templates
from assay.runtimes.cron import zone_of
from assay.runtimes.run_settings import Plan
from assay.store.models import Run, Runtime
from assay.store.reads.launchable import launch_choices
from assay.web.access import Visit, page
from assay.web.frames import frame_address
from assay.web.middleware import CONTENT_POLICY
from assay.web.runtimes.apps import app_context
from assay.web.runtimes.project_form import plan_of_form, shown, source_of_form, words
from assay.web.runtimes.tables import ProjectLine, projects_table, runs_table, shared_table, words_of

ENTRIES = {"script": "main.py", "notebook": "main.ipynb"}  # what is pasted gets this name
STRIP = 8  # runs beside a project in the list


@page(Right.COMPOSE)
def index(request: Visit) -> HttpResponseBase:
    """List one's own projects with their last runs, and those of others that one may run."""
    found = projects.mine(request.actor)
    last, newer = runs.lately(found, STRIP), upgrade.proposals(found)
    lines = [ProjectLine(project=one, runs=tuple(last[one.pk]), proposed=newer.get(one.pk, "")) for one in found]
    others = projects.shared_with(request.actor)
    table, shared = projects_table(request, lines), shared_table(request, others)
    for one in (table, shared):
        if one.exported:
            return one.export()
    context = {"table": table, "shared": shared, "anything": bool(found or others), "text": words_of(request)}
    return render(request, "runtimes/projects.html", context)


@page(Right.COMPOSE)
def new(request: Visit) -> HttpResponse:
    """Set up a script: paste it or choose a file."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            kind = request.POST.get("kind", "script")
            entry = ENTRIES.get(kind, "main.py")
            plan = Plan(
                kind=kind,
                entry=request.POST.get("entry", "").strip() or entry,
                app=request.POST.get("app", "") if kind == "app" else "",
                environment=request.POST.get("environment", ""),
                title=request.POST.get("title", "").strip(),
            )
            plan = replace(plan, source=source_of_form(request, plan))
            made = projects.create(request.actor, request.POST.get("slug", "").strip(), plan)
            return redirect("runtime", slug=made.slug)
        except AssayError as refused:
            error = refused
    context = {
        "error": error,
        "given": request.POST,
        "choices": _published(request),
        "applications": list(templates(request.actor.workspace_id)),
    }
    return render(request, "runtimes/project_new.html", context, status=error.status if error else 200)


def _published(request: Visit) -> list[tuple[str, str]]:
    """Return (reference, title): each environment as its newest version, and pinned."""
    found = [one for one in launch_choices(request.actor) if one.status == "published"]
    newest = [(one.slug, f"{one.title} (always the newest version)") for one in found]
    return newest + [(one.reference, one.title) for one in found]


@page(Right.COMPOSE)
def runtime(request: Visit, slug: str) -> HttpResponseBase:
    """Show a script and its runs; change it, if it is one's own."""
    found = projects.find_runnable(request.actor, slug)
    if found.owner_id != request.actor.id:
        return _shared(request, found)
    table = runs_table(request, found, found.runs.all())
    if table.exported:
        return table.export()
    error: AssayError | None = None
    if request.method == "POST":
        try:
            wanted = plan_of_form(request, projects.plan_of(found))
            projects.change(request.actor, slug, wanted)
            messages.success(request, "Project saved. The next run uses it.")
            return redirect("runtime", slug=slug)
        except AssayError as refused:
            error = refused
    context: dict[str, Any] = {
        "runtime": found,
        "code": request.POST.get("code") or found.source.get("files", {}).get(found.entry, ""),
        "table": table,
        "choices": _published(request),
        "error": error,
        "form": shown(found, request),
        "proposed": upgrade.proposals([found]).get(found.pk, ""),
        "next_run": found.next_at.astimezone(zone_of(found.timezone)).replace(tzinfo=None) if found.next_at else None,
        "secrets": secrets.list_secrets(request.actor),
    }
    if found.kind == "app":
        context |= app_context(request, slug)
    return render(request, "runtimes/project.html", context, status=error.status if error else 200)


def _shared(request: Visit, runtime: Runtime) -> HttpResponseBase:
    """Show somebody else's project: what it does, and one's own runs of it."""
    table = runs_table(request, runtime, runtime.runs.filter(person_id=request.actor.id))
    if table.exported:
        return table.export()
    return render(request, "runtimes/shared.html", {"runtime": runtime, "table": table})


@require_POST
@page(Right.COMPOSE)
def start(request: Visit, slug: str) -> HttpResponse:
    """Queue a run."""
    arguments = words(request.POST.get("arguments", ""))
    return redirect("run", run=runs.request_run(request.actor, slug, arguments=arguments or None).pk)


@page(Right.COMPOSE)
def run(request: Visit, run: UUID) -> HttpResponse:
    """Show a run; the part that moves is asked for again while it runs."""
    found = runs.find(request.actor, str(run))
    template = "components/run.html" if request.htmx else "runtimes/run.html"
    context = {"run": found, "open": found.state in runs.OPEN}
    if request.htmx:
        part = render(request, template, context)
        if not context["open"]:
            part["HX-Refresh"] = "true"  # what it left is shown on the whole page
        return part
    answer = render(request, template, context | _left(found))
    answer["Content-Security-Policy"] = (
        CONTENT_POLICY.format(hub=settings.HUB_URL) + f"; frame-src {settings.FRAME_URL}"
    )
    return answer


def _left(run: Run) -> dict[str, Any]:
    """Return what a run left, once it has ended; a notebook is shown as a page."""
    if run.state in runs.OPEN:
        return {}
    left = runs.outputs_of(run)
    page_name = str(PurePosixPath(run.entry).with_suffix(".html").name)
    shown = run.runtime.kind == "notebook" and any(one.name == page_name for one in left)
    return {"outputs": left, "frame": frame_address(run, page_name) if shown else ""}


@page(Right.COMPOSE)
def output(request: Visit, run: UUID, name: str) -> FileResponse:
    """Download a file that a run left."""
    file = runs.open_output_of(runs.find(request.actor, str(run)), name)
    return FileResponse(
        file, as_attachment=True, filename=PurePosixPath(name).name, content_type="application/octet-stream"
    )


@page(Right.COMPOSE)
def run_lock(request: Visit, run: UUID) -> HttpResponse:
    """Download the lock of what a run ran in."""
    file = lock_by_digest(runs.find(request.actor, str(run)).digest)
    return HttpResponse(file.text, headers=file.headers)


@page(Right.COMPOSE)
def run_log(request: Visit, run: UUID) -> HttpResponse:
    """Answer the log from a byte offset."""
    given = request.GET.get("offset", "0")
    offset = int(given) if given.isdigit() else 0
    return JsonResponse(runs.read_log(runs.find(request.actor, str(run)), offset))


@require_POST
@page(Right.COMPOSE)
def cancel(request: Visit, run: UUID) -> HttpResponse:
    """End a run and every process of it."""
    runs.cancel(request.actor, str(run))
    return redirect("run", run=run)
