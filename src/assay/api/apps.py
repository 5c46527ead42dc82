"""`/runtimes/{slug}/start`, `restart`, `stop`, and `/applications`: apps and the applications that start them."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import application_document, run_document, runtime_document
from assay.api.schemas import ApplicationIn
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.runtimes import applications, apps

router = Router(tags=["Runtimes"])


@router.post("/runtimes/{slug}/start", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def start(request: Caller, workspace: str, slug: str) -> Status[dict[str, Any]]:
    """Start an app.

    Assay keeps it running until you stop it.
    """
    return Status(202, runtime_document(apps.start(request.actor, slug)))


@router.post("/runtimes/{slug}/restart", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def restart(request: Caller, workspace: str, slug: str) -> Status[dict[str, Any]]:
    """Restart an app in the version that its runtime names.

    The old process serves until the new one responds.
    """
    return Status(202, run_document(apps.restart(request.actor, slug)))


@router.post("/runtimes/{slug}/stop", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def stop(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Stop an app."""
    return runtime_document(apps.stop(request.actor, slug))


@router.get("/applications", response=dict[str, Any])
@needs(Right.SEE)
def list_applications(request: Caller, workspace: str) -> dict[str, Any]:
    """List the applications that can start apps."""
    known = applications.templates(request.actor.workspace_id)
    return {"items": [application_document(one) for one in known.values()], "next": None}


@router.put("/applications/{slug}", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def keep(request: Caller, workspace: str, slug: str, body: ApplicationIn) -> dict[str, Any]:
    """Create or change an application."""
    wanted = applications.Template(slug=slug, argv=tuple(body.argv), needs=body.needs, health=body.health)
    return application_document(applications.save(request.actor, wanted))
