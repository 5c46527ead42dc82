"""`/runtimes/{slug}/start`, `restart`, `stop`, and `/applications`: apps, and how they are started."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.documents import application_document, run_document, runtime_document
from assay.api.schemas import ApplicationIn
from assay.core.roles import Right
from assay.runtimes import applications, apps

router = Router(tags=["runtimes"])


@router.post("/runtimes/{slug}/start", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
def start(request: Caller, workspace: str, slug: str) -> Status[dict[str, Any]]:
    """Keep an app up from now on."""
    return Status(202, runtime_document(apps.start(request.actor, slug)))


@router.post("/runtimes/{slug}/restart", response={202: dict[str, Any]})
@needs(Right.COMPOSE)
def restart(request: Caller, workspace: str, slug: str) -> Status[dict[str, Any]]:
    """Start an app anew in the version that it names now; the old process serves until the new one answers."""
    return Status(202, run_document(apps.restart(request.actor, slug)))


@router.post("/runtimes/{slug}/stop", response=dict[str, Any])
@needs(Right.COMPOSE)
def stop(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """End an app and keep it down."""
    return runtime_document(apps.stop(request.actor, slug))


@router.get("/applications", response=dict[str, Any])
@needs(Right.SEE)
def list_applications(request: Caller, workspace: str) -> dict[str, Any]:
    """List the ways in which apps can be started."""
    known = applications.templates(request.actor.workspace_id)
    return {"items": [application_document(one) for one in known.values()], "next": None}


@router.put("/applications/{slug}", response=dict[str, Any])
@needs(Right.ADMINISTER)
def keep(request: Caller, workspace: str, slug: str, body: ApplicationIn) -> dict[str, Any]:
    """Add an application, or change one."""
    wanted = applications.Template(slug=slug, argv=tuple(body.argv), needs=body.needs, health=body.health)
    return application_document(applications.keep(request.actor, wanted))
