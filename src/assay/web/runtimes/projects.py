"""Projects and their runs."""

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
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Run, Runtime
from assay.store.reads.launchable import launch_choices
from assay.web.access import Visit, page
from assay.web.frames import frame_address
from assay.web.middleware import CONTENT_POLICY
from assay.web.runtimes.apps import app_context
from assay.web.runtimes.project_form import form_values, source_from_form, spec_from_form, split_arguments
from assay.web.runtimes.tables import ProjectLine, projects_table, runs_table, shared_table, words_of

ENTRIES = {"script": "main.py", "notebook": "main.ipynb"}  # names of pasted code
LIST_RUNS = 8  # last runs of each project in the list


@page(Right.COMPOSE)
def index(request: Visit) -> HttpResponseBase:
    """List your projects with their last runs, and the projects shared with you."""
    found = projects.list_own(request.actor)
    last, newer, replaced = (
        runs.recent_runs(found, LIST_RUNS),
        upgrade.available_upgrades(found),
        upgrade.replaced_versions(found),
    )
    lines = [
        ProjectLine(
            project=one,
            runs=tuple(last[one.pk]),
            proposed=replaced.get(one.pk, ("", ""))[1] or newer.get(one.pk, ""),
            notice=replaced.get(one.pk, ("", ""))[0],
        )
        for one in found
    ]
    others = projects.list_shared(request.actor)
    table, shared = projects_table(request, lines), shared_table(request, others)
    for one in (table, shared):
        if one.exported:
            return one.export()
    context = {"table": table, "shared": shared, "anything": bool(found or others), "text": words_of(request)}
    return render(request, "runtimes/projects.html", context)


@page(Right.COMPOSE)
def new(request: Visit) -> HttpResponse:
    """Create a project from pasted code, a file or a repository."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            kind = request.POST.get("kind", "script")
            entry = ENTRIES.get(kind, "main.py")
            spec = ProjectSpec(
                kind=kind,
                entry=request.POST.get("entry", "").strip() or entry,
                app=request.POST.get("app", "") if kind == "app" else "",
                environment=request.POST.get("environment", ""),
                title=request.POST.get("title", "").strip(),
            )
            spec = replace(spec, source=source_from_form(request, spec))
            made = projects.create(request.actor, request.POST.get("slug", "").strip(), spec)
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
    """Return (reference, title) of environments, recently used ones first: following their names, then pinned."""
    found = launch_choices(request.actor, published=True)
    newest = [(one.slug, f"{one.title} (always the active version)") for one in found]
    return newest + [(one.reference, one.title) for one in found]


@page(Right.COMPOSE)
def runtime(request: Visit, slug: str) -> HttpResponseBase:
    """Show a project and its runs; save changes by its owner."""
    found = projects.find_runnable(request.actor, slug)
    if found.owner_id != request.actor.id:
        return _shared(request, found)
    table = runs_table(request, found, found.runs.all())
    if table.exported:
        return table.export()
    error: AssayError | None = None
    if request.method == "POST":
        try:
            wanted = spec_from_form(request, projects.spec_of(found))
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
        "form": form_values(found, request),
        **_proposed(found),
        "next_run": found.next_at.astimezone(zone_of(found.timezone)).replace(tzinfo=None) if found.next_at else None,
        "secrets": secrets.list_secrets(request.actor),
    }
    if found.kind == "app":
        context |= app_context(request, slug)
    return render(request, "runtimes/project.html", context, status=error.status if error else 200)


def _proposed(runtime: Runtime) -> dict[str, str]:
    """Return why the version of a project should be changed, '' for no reason, and the version to change to."""
    notice, instead = upgrade.replaced_versions([runtime]).get(runtime.pk, ("", ""))
    return {"notice": notice, "proposed": instead or upgrade.available_upgrades([runtime]).get(runtime.pk, "")}


def _shared(request: Visit, runtime: Runtime) -> HttpResponseBase:
    """Show another person's shared project, and your runs of it."""
    table = runs_table(request, runtime, runtime.runs.filter(person_id=request.actor.id))
    if table.exported:
        return table.export()
    return render(request, "runtimes/shared.html", {"runtime": runtime, "table": table, **_proposed(runtime)})


@require_POST
@page(Right.COMPOSE)
def start(request: Visit, slug: str) -> HttpResponse:
    """Queue a run."""
    arguments = split_arguments(request.POST.get("arguments", ""))
    return redirect("run", run=runs.request_run(request.actor, slug, arguments=arguments or None).pk)


@page(Right.COMPOSE)
def run(request: Visit, run: UUID) -> HttpResponse:
    """Show a run; its page polls the changing part while it runs."""
    found = runs.find(request.actor, str(run))
    template = "components/run.html" if request.htmx else "runtimes/run.html"
    context = {"run": found, "open": found.state in runs.OPEN}
    if request.htmx:
        part = render(request, template, context)
        if not context["open"]:
            part["HX-Refresh"] = "true"  # the full page shows its output
        return part
    answer = render(request, template, context | _outputs(found))
    answer["Content-Security-Policy"] = (
        CONTENT_POLICY.format(hub=settings.HUB_URL) + f"; frame-src {settings.FRAME_URL}"
    )
    return answer


def _outputs(run: Run) -> dict[str, Any]:
    """Return the output files of an ended run, and the address of a notebook's page."""
    if run.state in runs.OPEN:
        return {}
    files = runs.outputs_of(run)
    page_name = str(PurePosixPath(run.entry).with_suffix(".html").name)
    shown = run.runtime.kind == "notebook" and any(one.name == page_name for one in files)
    return {"outputs": files, "frame": frame_address(run, page_name) if shown else ""}


@page(Right.COMPOSE)
def output(request: Visit, run: UUID, name: str) -> FileResponse:
    """Download an output file of a run."""
    file = runs.open_output_of(runs.find(request.actor, str(run)), name)
    return FileResponse(
        file, as_attachment=True, filename=PurePosixPath(name).name, content_type="application/octet-stream"
    )


@page(Right.COMPOSE)
def run_lock(request: Visit, run: UUID) -> HttpResponse:
    """Download the lock of a run's environment."""
    file = lock_by_digest(runs.find(request.actor, str(run)).digest)
    return HttpResponse(file.text, headers=file.headers)


@page(Right.COMPOSE)
def run_log(request: Visit, run: UUID) -> HttpResponse:
    """Return the log from a byte offset, as JSON."""
    given = request.GET.get("offset", "0")
    offset = int(given) if given.isdigit() else 0
    return JsonResponse(runs.read_log(runs.find(request.actor, str(run)), offset))


@require_POST
@page(Right.COMPOSE)
def cancel(request: Visit, run: UUID) -> HttpResponse:
    """Cancel a run with all its processes."""
    runs.cancel(request.actor, str(run))
    return redirect("run", run=run)
