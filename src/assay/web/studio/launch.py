"""The launch page: choose an environment, start a Studio server in it, follow its start; the visitor's servers."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from assay.core.applications import Application
from assay.core.errors import AssayError
from assay.core.roles import Actor, Right
from assay.flow.access import find_reference
from assay.flow.launch.applications import find_application, list_applications
from assay.flow.launch.launch import instead_of, notice_of
from assay.store.models import Server, Version
from assay.store.reads.launchable import launch_choices, library_names, library_pairs
from assay.studio import servers
from assay.studio.servers import Memory, ServerOptions
from assay.web.access import Visit, page

SHOWN = 50  # environments in the list; search finds the others


@dataclass(frozen=True, kw_only=True)
class Row:
    """One server of the visitor, with the facts that its row shows."""

    server: Server
    application: Application
    notice: str
    newer: str
    memory: Memory | None
    own: list[str]


@page(Right.SEE)
def launch(request: Visit) -> HttpResponse:
    """List the versions that may be launched, recently used first, own drafts marked; show the libraries of one."""
    servers.prepare_server()
    words = request.GET.get("q", "").strip()
    choices = launch_choices(request.actor, words, limit=SHOWN + 1)
    wanted = request.GET.get("environment", "") or (choices[0].reference if choices else "")
    chosen = find_reference(request.actor, wanted) if wanted else None
    known = {one.reference for one in choices[:SHOWN]}
    context = {
        "choices": choices[:SHOWN],
        "more": len(choices) > SHOWN,
        "anything": bool(choices or (words and launch_choices(request.actor, limit=1))),
        "words": words,
        "unlisted": chosen if chosen and chosen.reference not in known else None,
        "live": servers.list_own(request.actor),
        **_chosen(request, chosen),
    }
    parts = {"chosen": "components/launch_choice.html", "launch": "components/launchable.html"}
    return render(request, parts.get(request.htmx.target or "", "studio/launch.html"), context)


def _chosen(request: Visit, chosen: Version | None) -> dict[str, object]:
    """Return the context of the panel beside the list: facts about the chosen version."""
    libraries = library_names(chosen) if chosen else set()
    fitting = [one for one in list_applications(request.actor.workspace_id) if not one.missing(libraries)]
    wanted = request.GET.get("application", "")
    return {
        "chosen": chosen,
        "libraries": library_pairs(chosen) if chosen else (),
        "notice": notice_of(request.actor, chosen) if chosen else "",
        "newer": instead_of(request.actor, chosen) if chosen else "",
        "applications": fitting,
        "application": next((one for one in fitting if one.slug == wanted), fitting[0]),
        "file": request.GET.get("file", ""),
        "sizes": settings.SIZES,
        "size": request.GET.get("size", ""),
    }


@require_POST
@page(Right.SEE)
def start(request: Visit) -> HttpResponse:
    """Start a server."""
    given = {name: request.POST.get(name, "") for name in ("environment", "application", "file", "size")}
    try:
        server = servers.start(request.actor, ServerOptions(**given))
    except AssayError as error:
        if error.path != "file":
            raise
        messages.error(request, f"{error.detail} {error.hint}")
        return redirect(f"{request.path.removesuffix('start')}?environment={given['environment']}")
    return redirect("server", server=server.pk)


@page(Right.SEE)
def server(request: Visit, server: str) -> HttpResponse:
    """Show a server; its page polls the changing part until it is ready."""
    found = servers.find(request.actor, server)
    template = "components/server.html" if request.htmx else "studio/server.html"
    return render(request, template, {"row": _row(request.actor, found)})


@page(Right.SEE)
def mine(request: Visit) -> HttpResponse:
    """List the visitor's servers."""
    rows = [_row(request.actor, one) for one in servers.list_own(request.actor)]
    return render(request, "components/servers.html" if request.htmx else "studio/servers.html", {"rows": rows})


def _row(actor: Actor, server: Server) -> Row:
    return Row(
        server=server,
        application=find_application(server.workspace_id, server.application),
        notice=notice_of(actor, server.version),
        newer=instead_of(actor, server.version),
        memory=servers.memory_of(server),
        own=servers.own_libraries(server.person.get_username(), server.version.reference),
    )


@require_POST
@page(Right.SEE)
def stop(request: Visit, server: str) -> HttpResponse:
    """Stop a server."""
    try:
        found = servers.stop(request.actor, server)
    except AssayError as error:
        messages.error(request, f"{error.detail} {error.hint}")
    else:
        messages.success(request, f"The server in {found.version.reference} is stopped. Your files are kept.")
    return redirect("servers")


@require_POST
@page(Right.SEE)
def restart(request: Visit, server: str) -> HttpResponse:
    """Restart a server in another version."""
    try:
        servers.restart(request.actor, server, request.POST.get("environment", ""))
    except AssayError as error:
        messages.error(request, f"{error.detail} {error.hint}")
        return redirect("servers")
    return redirect("server", server=server)
