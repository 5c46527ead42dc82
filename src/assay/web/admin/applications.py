"""Admin → Applications: those on the launch page beside notebooks, and the commands that start apps of projects."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.applications import BUILT_IN, ICONS, Application, words_of
from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.launch.applications import add_application, list_applications, remove_application
from assay.runtimes import applications as of_projects
from assay.web.access import Visit, page


@page(Right.ADMINISTER)
def show(request: Visit) -> HttpResponse:
    """List the applications of both kinds, with a form for each to add one."""
    return _show(request)


@require_POST
@page(Right.ADMINISTER)
def add(request: Visit) -> HttpResponse:
    """Add an application to the launch page."""
    given = request.POST
    try:
        added = add_application(
            request.actor,
            Application(
                slug=given.get("slug", "").strip(),
                name=given.get("name", "").strip(),
                argv=words_of(given.get("argv", "")),
                needs=tuple(given.get("needs", "").replace(",", " ").split()),
                strips=given.get("strips") == "yes",
                icon=given.get("icon", "app"),
            ),
        )
    except AssayError as refused:
        return _show(request, refused, "launch")
    messages.success(request, f"{added.name} is added. People can choose it on the launch page.")
    return redirect("applications")


@require_POST
@page(Right.ADMINISTER)
def remove(request: Visit, slug: str) -> HttpResponse:
    """Remove an application from the launch page; servers that run it continue."""
    remove_application(request.actor, slug)
    messages.success(request, f"{slug} is removed. Servers that run it continue.")
    return redirect("applications")


@require_POST
@page(Right.ADMINISTER)
def save_for_projects(request: Visit) -> HttpResponse:
    """Add or change an application that apps of projects are started with."""
    given = request.POST
    try:
        kept = of_projects.save(
            request.actor,
            of_projects.Template(
                slug=given.get("slug", "").strip(),
                argv=words_of(given.get("argv", "")),
                needs=given.get("needs", "").strip(),
                health=given.get("health", "").strip() or "/",
            ),
        )
    except AssayError as refused:
        return _show(request, refused, "projects")
    messages.success(request, f"{kept.slug} is saved. Projects can use it for apps.")
    return redirect("applications")


@require_POST
@page(Right.ADMINISTER)
def remove_from_projects(request: Visit, slug: str) -> HttpResponse:
    """Remove an application of projects, unless an app uses it."""
    of_projects.remove(request.actor, slug)
    messages.success(request, f"{slug} is removed.")
    return redirect("applications")


def _show(request: Visit, refused: AssayError | None = None, form: str = "") -> HttpResponse:
    """Show the page; after an error, its form contains the submitted values."""
    workspace = request.actor.workspace_id
    context = {
        "offered": list_applications(workspace),
        "built_in": (*BUILT_IN, *of_projects.BUILT_IN),
        "started": of_projects.templates(workspace).values(),
        "icons": ICONS,
        "error": refused,
        form: request.POST,
    }
    return render(request, "admin/applications.html", context, status=refused.status if refused else 200)
