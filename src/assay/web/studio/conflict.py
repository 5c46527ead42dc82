"""The editor's panel for a spec that does not resolve: why, and fixes as they are found."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError, ConflictError
from assay.core.roles import Right
from assay.flow.compose.conflict_fixes import find_problem
from assay.flow.compose.fix_search import Found, cancel_search, read_search, start_search
from assay.flow.compose.update_old import update_old
from assay.web.access import Visit, page
from assay.web.studio.editor import Form

NO_CONTENT = 204  # htmx changes nothing, and polls again


@require_POST
@page(Right.COMPOSE)
def fixes(request: Visit) -> HttpResponse:
    """Show why the spec does not resolve, and start the search for changes that end the conflict."""
    form = Form.from_post(request.POST)
    try:
        problem = find_problem(request.actor, form.spec_input(), shown=request.POST.get("shown", ""))
    except AssayError:
        problem = None
    if problem is None:
        return render(request, "components/fixes.html", {"chain": ()})
    search = start_search(request.actor, problem)
    context = {"chain": problem.chain, "search": search, "found": Found(fixes=(), done=False)}
    return render(request, "components/fixes.html", context)


@page(Right.COMPOSE)
def found(request: Visit, search: str) -> HttpResponse:
    """Show the fixes that were found since; 204 when there are no more than the page has."""
    result = read_search(request.actor, search)
    if result is None:
        return HttpResponse("")  # a newer search shows its own
    if not result.done and str(len(result.fixes)) == request.GET.get("shown"):
        return HttpResponse(status=NO_CONTENT)
    return render(request, "components/fixes_found.html", {"search": search, "found": result})


@require_POST
@page(Right.COMPOSE)
def update(request: Visit) -> HttpResponse:
    """Show the newest set of what is asked for that resolves, and how it differs from the old one."""
    form = Form.from_post(request.POST)
    cancel_search(request.actor)
    try:
        updated = update_old(request.actor, form.spec_input())
    except ConflictError:
        return HttpResponse(status=NO_CONTENT)  # a newer request follows
    except AssayError as error:
        return render(request, "components/old_update.html", {"error": error})
    return render(
        request, "components/old_update.html", {"updated": updated, "asked_python": "" if form.base else form.python}
    )
