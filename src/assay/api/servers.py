"""`/servers`: Studio servers."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import notice_document, server_document
from assay.api.schemas import RestartIn, ServerIn
from assay.core.errors import ConflictError, DriftError, UnavailableError
from assay.core.roles import Actor, Right
from assay.store.models import Server
from assay.studio import servers
from assay.studio.servers import ServerOptions

router = Router(tags=["Studio servers"])


@router.post("/servers", response={202: dict[str, Any]})
@needs(Right.SEE)
@raises(ConflictError, DriftError, UnavailableError)
def start(request: Caller, workspace: str, body: ServerIn) -> Status[dict[str, Any]]:
    """Start a Studio server in a version.

    `address` is set when the server is ready.
    """
    return Status(202, server_document(servers.start(request.actor, ServerOptions(**body.model_dump()))))


def _shown(actor: Actor, server: Server) -> dict[str, Any]:
    return server_document(server) | notice_document(actor, server.version)


@router.get("/servers", response=dict[str, Any])
@needs(Right.SEE)
def mine(request: Caller, workspace: str) -> dict[str, Any]:
    """List your Studio servers that are not stopped.

    `notice` says that the version is deprecated, retired or no longer the active one, `instead` names the one to use.
    """
    return {"items": [_shown(request.actor, one) for one in servers.list_own(request.actor)], "next": None}


@router.get("/servers/{server}", response=dict[str, Any])
@needs(Right.SEE)
@raises(UnavailableError)
def show(request: Caller, workspace: str, server: str) -> dict[str, Any]:
    """Show the current state of a Studio server."""
    return _shown(request.actor, servers.find(request.actor, server))


@router.delete("/servers/{server}", response={202: dict[str, Any]})
@needs(Right.SEE)
@raises(ConflictError, UnavailableError)
def stop(request: Caller, workspace: str, server: str) -> Status[dict[str, Any]]:
    """Stop a Studio server and its processes."""
    return Status(202, server_document(servers.stop(request.actor, server)))


@router.post("/servers/{server}/restart", response={202: dict[str, Any]})
@needs(Right.SEE)
@raises(ConflictError, DriftError, UnavailableError)
def restart(request: Caller, workspace: str, server: str, body: RestartIn) -> Status[dict[str, Any]]:
    """Restart a Studio server in another version.

    The server keeps its name.
    """
    return Status(202, server_document(servers.restart(request.actor, server, body.environment)))
