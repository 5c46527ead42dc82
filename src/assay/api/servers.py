"""`/servers`: Studio servers."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.documents import server_document
from assay.api.schemas import RestartIn, ServerIn
from assay.core.roles import Right
from assay.studio import servers
from assay.studio.servers import Wanted

router = Router(tags=["servers"])


@router.post("/servers", response={202: dict[str, Any]})
@needs(Right.SEE)
def start(request: Caller, workspace: str, body: ServerIn) -> Status[dict[str, Any]]:
    """Start a Studio server in a version; its address comes when it is ready."""
    return Status(202, server_document(servers.start(request.actor, Wanted(**body.model_dump()))))


@router.get("/servers", response=dict[str, Any])
@needs(Right.SEE)
def mine(request: Caller, workspace: str) -> dict[str, Any]:
    """List one's own servers that have not been stopped."""
    return {"items": [server_document(one) for one in servers.mine(request.actor)], "next": None}


@router.get("/servers/{server}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, server: str) -> dict[str, Any]:
    """Show one of one's own servers as it stands now."""
    return server_document(servers.look(request.actor, server))


@router.delete("/servers/{server}", response={202: dict[str, Any]})
@needs(Right.SEE)
def stop(request: Caller, workspace: str, server: str) -> Status[dict[str, Any]]:
    """Stop a server and every process of it."""
    return Status(202, server_document(servers.stop(request.actor, server)))


@router.post("/servers/{server}/restart", response={202: dict[str, Any]})
@needs(Right.SEE)
def restart(request: Caller, workspace: str, server: str, body: RestartIn) -> Status[dict[str, Any]]:
    """Stop a server and start it, under its name, in another version."""
    return Status(202, server_document(servers.restart(request.actor, server, body.environment)))
