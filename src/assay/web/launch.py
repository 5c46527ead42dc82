"""Launch: choose an environment, start a Studio server in it, watch it come up; my servers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.errors import AssayError
from assay.core.roles import Right
from assay.flow.access import find_reference
from assay.flow.launch import notice_of
from assay.store.reads.choices import launch_choices, library_pairs
from assay.studio import servers
from assay.web.access import Visit, page


@page(Right.SEE)
def launch(request: Visit) -> HttpResponse:
    """Offer what may be launched: what was used last on top, own drafts marked; libraries beside it."""
    choices = launch_choices(request.actor)
    wanted = request.GET.get("environment", "") or (choices[0].reference if choices else "")
    chosen = find_reference(request.actor, wanted) if wanted else None
    known = {one.reference for one in choices}
    context = {
        "choices": choices,
        "chosen": chosen,
        "unlisted": chosen if chosen and chosen.reference not in known else None,
        "libraries": library_pairs(chosen) if chosen else (),
        "notice": notice_of(chosen) if chosen else "",
        "live": servers.mine(request.actor),
    }
    if request.htmx:
        return render(request, "components/chosen.html", context)
    return render(request, "launch.html", context)


@require_POST
@page(Right.SEE)
def start(request: Visit) -> HttpResponse:
    """Start a server."""
    server = servers.start(request.actor, request.POST.get("environment", ""))
    return redirect("server", server=server.pk)


@page(Right.SEE)
def server(request: Visit, server: str) -> HttpResponse:
    """Show a server; the part that moves is asked for again until it is ready."""
    found = servers.look(request.actor, server)
    template = "components/server.html" if request.htmx else "server.html"
    return render(request, template, {"server": found, "notice": notice_of(found.version)})


@page(Right.SEE)
def mine(request: Visit) -> HttpResponse:
    """List one's own servers."""
    found = [(one, notice_of(one.version)) for one in servers.mine(request.actor)]
    return render(request, "servers.html", {"servers": found})


@require_POST
@page(Right.SEE)
def stop(request: Visit, server: str) -> HttpResponse:
    """Stop a server."""
    try:
        found = servers.stop(request.actor, server)
    except AssayError as error:
        messages.error(request, f"{error.detail} {error.hint}")
    else:
        messages.success(request, f"The server in {found.version.reference} is stopped.")
    return redirect("servers")
