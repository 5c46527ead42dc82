"""Studio servers: a person asks, the Hub starts, the gate checks. `follow` keeps the record in step."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assay.core.applications import Application, check_compatible, check_file
from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.core.sizes import choose
from assay.engine.kernels.pip_shim import personal_folder
from assay.flow.launch.applications import find_application
from assay.flow.launch.launch import LaunchPermission, authorize_launch, record_launch
from assay.flow.paths import home, person_home
from assay.store.models import Server
from assay.store.reads.launchable import library_names
from assay.studio.server_status import LIVE, begin, end, refresh, write

MOST = 5  # live servers of one person


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody asks for. '' is the default; `file` is below their home, where the application takes one."""

    environment: str
    application: str = ""
    file: str = ""
    size: str = ""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a local server takes now, what it may take, and how many of its processes had to end for it (bytes)."""

    used: int
    limit: int
    ended: int


def start(actor: Actor, wanted: Wanted) -> Server:
    """Check the pass, record the server and ask the Hub to start it."""
    check_right(actor, Right.SEE)
    ticket, application = _pass(actor, wanted.environment, wanted.application)
    file = check_file(application, wanted.file)
    size = choose(settings.SIZES, wanted.size)
    if Server.objects.filter(person_id=actor.id, state__in=LIVE).count() >= MOST:
        raise ConflictError(f"You have {MOST} servers running.", hint="Stop one of them first.")
    with transaction.atomic():
        server = Server.objects.create(
            id=f"s{secrets.token_hex(6)}",
            workspace_id=actor.workspace_id,
            person_id=actor.id,
            version=ticket.version,
            digest=ticket.digest,
            application=application.slug,
            file=file,
            size=size.name,
            state="starting",
            message="Asking the Hub",
            created_at=timezone.now(),
        )
        write(EventName.SERVER_REQUESTED, server, actor.name)
        record_launch(ticket, actor, kind="studio", thing=server.pk)
    begin(server)
    server.refresh_from_db()
    return server


def _pass(actor: Actor, reference: str, application: str) -> tuple[LaunchPermission, Application]:
    """Return the pass for a version, and the application that it can run. Raises why not."""
    ticket = authorize_launch(actor, reference)
    found = find_application(actor.workspace_id, application)
    check_compatible(found, library_names(ticket.version), ticket.version.reference)
    return ticket, found


def mine(actor: Actor) -> list[Server]:
    """Return one's own live servers, newest first, as they stand now."""
    servers = _own(actor).filter(state__in=LIVE).order_by("-created_at")
    return [refresh(server) for server in servers]


def look(actor: Actor, server_id: str) -> Server:
    """Return one of one's own servers as it stands now. Raises NotFoundError."""
    server = _own(actor).filter(pk=server_id).first()
    if server is None:
        raise NotFoundError("You have no such server.", hint="Check the address.")
    return refresh(server)


def _own(actor: Actor) -> QuerySet[Server]:
    related = ("version__environment__newest__environment", "following__environment", "person", "workspace")
    return Server.objects.select_related(*related).filter(workspace_id=actor.workspace_id, person_id=actor.id)


def stop(actor: Actor, server_id: str) -> Server:
    """Ask the Hub to stop a server and every process of it."""
    server = look(actor, server_id)
    if server.state in LIVE:
        Server.objects.filter(pk=server.pk).update(following=None)
        end(server, "Stopping")
        server.refresh_from_db()
        refresh(server)
    return server


def restart(actor: Actor, server_id: str, reference: str) -> Server:
    """Stop a server and start it, under its name, in another version; what is open there opens again.

    Whether the other version may be started, and can run the application, is asked before anything stops.
    """
    server = look(actor, server_id)
    ticket, _ = _pass(actor, reference, server.application)
    if server.state not in {"ready", "starting"}:
        raise ConflictError(f"This server is {server.state}.", hint="Launch a new one.")
    Server.objects.filter(pk=server.pk).update(following=ticket.version)
    end(server, f"Stopping, to start again in {ticket.version.reference}")
    server.refresh_from_db()
    return refresh(server)


def own_libraries(name: str, reference: str) -> list[str]:
    """Return what somebody installed for themselves beside a version, where homes lie on this machine."""
    folder = personal_folder(reference).partition("/.assay/")[2]
    papers = (person_home(name) / ".assay" / folder).glob("*.dist-info")
    return sorted(" ".join(one.name.removesuffix(".dist-info").rsplit("-", 1)) for one in papers)


def memory_of(server: Server) -> Memory | None:
    """Return what a server takes, None where that is not known: only local servers tell."""
    path = home() / "hub" / "memory" / f"{server.person.get_username()}-{server.pk}.json"
    try:
        told = json.loads(path.read_text())
        return Memory(used=int(told["used"]), limit=int(told["limit"]), ended=int(told["ended"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
