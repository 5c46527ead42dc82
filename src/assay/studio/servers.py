"""Studio servers: start, list, stop and restart them. The Hub runs them; `server_status` follows them."""

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
from assay.studio.server_status import LIVE, begin, end, record_event, refresh

MAX_SERVERS = 5  # live servers of one person


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """The options of a new server. '' is the default; `file` is relative to the person's home."""

    environment: str
    application: str = ""
    file: str = ""
    size: str = ""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The memory of a local server: use and limit in bytes, and the number of processes killed for it."""

    used: int
    limit: int
    ended: int


def start(actor: Actor, options: ServerOptions) -> Server:
    """Authorize and record a server, and start it in the Hub."""
    check_right(actor, Right.SEE)
    permission, application = _authorize(actor, options.environment, options.application)
    file = check_file(application, options.file)
    size = choose(settings.SIZES, options.size)
    if Server.objects.filter(person_id=actor.id, state__in=LIVE).count() >= MAX_SERVERS:
        raise ConflictError(f"You have {MAX_SERVERS} servers running.", hint="Stop one of them first.")
    with transaction.atomic():
        server = Server.objects.create(
            id=f"s{secrets.token_hex(6)}",
            workspace_id=actor.workspace_id,
            person_id=actor.id,
            version=permission.version,
            digest=permission.digest,
            application=application.slug,
            file=file,
            size=size.name,
            state="starting",
            message="Waiting for the Hub",
            created_at=timezone.now(),
        )
        record_event(EventName.SERVER_REQUESTED, server, actor.name)
        record_launch(permission, actor, kind="studio", target_id=server.pk, size=server.size)
    begin(server)
    server.refresh_from_db()
    return server


def _authorize(actor: Actor, reference: str, application: str) -> tuple[LaunchPermission, Application]:
    """Return the permission for a version, and an application that it can run. Raises the reason against it."""
    permission = authorize_launch(actor, reference)
    found = find_application(actor.workspace_id, application)
    check_compatible(found, library_names(permission.version), permission.version.reference)
    return permission, found


def prepare_server() -> None:
    """Have the Hub on this machine prepare a server: somebody may start one soon (studio/prepared_pool)."""
    folder = home() / "hub"
    if folder.is_dir():
        (folder / "active").touch(mode=0o600)


def list_own(actor: Actor) -> list[Server]:
    """Return the caller's live servers, newest first, with their current status."""
    servers = _own(actor).filter(state__in=LIVE).order_by("-created_at")
    return [refresh(server) for server in servers]


def find(actor: Actor, server_id: str) -> Server:
    """Return a server of the caller with its current status. Raises NotFoundError."""
    server = _own(actor).filter(pk=server_id).first()
    if server is None:
        raise NotFoundError("You have no such server.", hint="Check the address.")
    return refresh(server)


def _own(actor: Actor) -> QuerySet[Server]:
    related = (
        "version__environment__active",
        "version__environment__rollout__version",
        "next_version__environment",
        "person",
        "workspace",
    )
    return Server.objects.select_related(*related).filter(workspace_id=actor.workspace_id, person_id=actor.id)


def stop(actor: Actor, server_id: str) -> Server:
    """Stop a server with all its processes."""
    server = find(actor, server_id)
    if server.state in LIVE:
        Server.objects.filter(pk=server.pk).update(next_version=None)
        end(server, "Stopping")
        server.refresh_from_db()
        refresh(server)
    return server


def restart(actor: Actor, server_id: str, reference: str) -> Server:
    """Restart a server under the same name in another version; open documents open again.

    The other version is authorized before the server stops.
    """
    server = find(actor, server_id)
    permission, _ = _authorize(actor, reference, server.application)
    if server.state not in {"ready", "starting"}:
        raise ConflictError(f"This server is {server.state}.", hint="Launch a new one.")
    Server.objects.filter(pk=server.pk).update(next_version=permission.version)
    end(server, f"Restarting in {permission.version.reference}")
    server.refresh_from_db()
    return refresh(server)


def own_libraries(name: str, reference: str) -> list[str]:
    """Return the libraries that a person installed on top of a version, if homes are on this machine."""
    folder = personal_folder(reference).partition("/.assay/")[2]
    dist_infos = (person_home(name) / ".assay" / folder).glob("*.dist-info")
    return sorted(" ".join(one.name.removesuffix(".dist-info").rsplit("-", 1)) for one in dist_infos)


def memory_of(server: Server) -> Memory | None:
    """Return the memory of a server, None if unknown: only local servers report it."""
    path = home() / "hub" / "memory" / f"{server.person.get_username()}-{server.pk}.json"
    try:
        status = json.loads(path.read_text())
        return Memory(used=int(status["used"]), limit=int(status["limit"]), ended=int(status["ended"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
