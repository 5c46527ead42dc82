"""Runtimes: scripts in a published version, and their runs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow import vault
from assay.runtimes import projects, runs
from assay.runtimes.terms import Plan
from assay.runtimes.times import zone_of
from assay.store.reads.choices import launch_choices
from assay.web.access import Visit, page
from assay.web.runtime_form import plan_of_form, shown, words

SHOWN = 30  # runs of one page
STRIP = 8  # runs beside a project in the list


@page(Right.COMPOSE)
def index(request: Visit) -> HttpResponse:
    """List one's own scripts with their last runs."""
    found = projects.mine(request.actor)
    last = runs.lately(found, STRIP)
    return render(request, "runtimes.html", {"runtimes": [(one, last[one.pk]) for one in found]})


@page(Right.COMPOSE)
def new(request: Visit) -> HttpResponse:
    """Set up a script: paste it or choose a file."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            source = {"kind": "inline", "files": {"main.py": _code(request)}}
            plan = Plan(
                environment=request.POST.get("environment", ""),
                title=request.POST.get("title", "").strip(),
                source=source,
            )
            made = projects.create(request.actor, request.POST.get("slug", "").strip(), plan)
            return redirect("runtime", slug=made.slug)
        except AssayError as refused:
            error = refused
    context = {"error": error, "given": request.POST, "choices": _published(request)}
    return render(request, "runtime_new.html", context, status=error.status if error else 200)


def _code(request: Visit) -> str:
    """Return the code that was sent, with the line ends of files."""
    return request.POST.get("code", "").replace("\r\n", "\n")


def _published(request: Visit) -> list[tuple[str, str]]:
    """Return (reference, title): each environment as its newest version, and pinned."""
    found = [one for one in launch_choices(request.actor) if one.status == "published"]
    newest = [(one.slug, f"{one.title} (always the newest)") for one in found]
    return newest + [(one.reference, one.title) for one in found]


@page(Right.COMPOSE)
def runtime(request: Visit, slug: str) -> HttpResponse:
    """Show a script and its runs; change it."""
    found = projects.find(request.actor, slug)
    error: AssayError | None = None
    if request.method == "POST":
        try:
            wanted = plan_of_form(request, projects.plan_of(found))
            projects.change(request.actor, slug, wanted)
            messages.success(request, "Saved. The next run takes it.")
            return redirect("runtime", slug=slug)
        except AssayError as refused:
            error = refused
    context = {
        "runtime": found,
        "code": request.POST.get("code") or found.source["files"].get(found.entry, ""),
        "runs": found.runs.select_related("version__environment").defer("source").order_by("-created_at")[:SHOWN],
        "choices": _published(request),
        "error": error,
        "form": shown(found, request),
        "next_run": found.next_at.astimezone(zone_of(found.timezone)).replace(tzinfo=None) if found.next_at else None,
        "secrets": vault.names(request.actor),
    }
    return render(request, "runtime.html", context, status=error.status if error else 200)


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
    template = "components/run.html" if request.htmx else "run.html"
    return render(request, template, {"run": found, "open": found.state in runs.OPEN})


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
