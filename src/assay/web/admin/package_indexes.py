"""Admin → Package indexes: the indexes of the workspace, and which names each one owns."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow import package_indexes
from assay.flow.package_indexes import IndexInput
from assay.flow.watch.index_names import names_states, request_refresh
from assay.web.access import Visit, page


@page(Right.ADMINISTER)
def show(request: Visit) -> HttpResponse:
    """List the indexes; add one. After an error, the form contains the submitted values."""
    error: AssayError | None = None
    if request.method == "POST":
        try:
            made = package_indexes.add_index(request.actor, _wanted(request))
        except AssayError as refused:
            error = refused
        else:
            messages.success(request, f"{made.name} now serves {', '.join(made.patterns) or 'all other names'}.")
            return redirect("package-indexes")
    rows = package_indexes.list_indexes(request.actor)
    states = {one.index.name: one for one in names_states(package_indexes.indexes_in(request.actor.workspace_id))}
    built_in = not any(one.is_default for one in rows)
    context = {
        "rows": [(one, states[one.name]) for one in rows],
        "built_in": states[package_indexes.BUILT_IN] if built_in else None,
        "names_hours": settings.NAMES_HOURS,
        "form": request.POST,
        "error": error,
    }
    return render(request, "admin/package_indexes.html", context, status=error.status if error else 200)


@require_POST
@page(Right.ADMINISTER)
def change(request: Visit, name: str) -> HttpResponse:
    """Change an index, or remove it."""
    if request.POST.get("action") == "remove":
        package_indexes.remove_index(request.actor, name)
        messages.success(request, f"{name} is removed. Environments built from it stay.")
        return redirect("package-indexes")
    try:
        package_indexes.change_index(request.actor, name, _wanted(request))
        messages.success(request, f"{name} is changed.")
    except AssayError as refused:
        messages.error(request, f"{refused.detail} {refused.hint}")
    return redirect("package-indexes")


@require_POST
@page(Right.ADMINISTER)
def test_connection(request: Visit, name: str) -> HttpResponse:
    """Query an index and show its response."""
    messages.info(request, f"{name}: {package_indexes.check_connection(request.actor, name)}")
    return redirect("package-indexes")


@require_POST
@page(Right.ADMINISTER)
def refresh_names(request: Visit, name: str) -> HttpResponse:
    """Ask the worker to fetch the names of an index."""
    request_refresh(request.actor, name)
    messages.success(request, f"The names of {name} are being refreshed. Reload this page in a minute.")
    return redirect("package-indexes")


def _wanted(request: Visit) -> IndexInput:
    post = request.POST
    return IndexInput(
        name=post.get("name", "").strip(),
        url=post.get("url", ""),
        patterns=tuple(post.get("patterns", "").replace(",", " ").split()),
        is_default=post.get("is_default") == "yes",
        allow_private=post.get("allow_private") == "yes",
        username=post.get("username", ""),
        password=post.get("password", ""),
    )
