"""`/runtimes` and `/runs`: scripts in a published version."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.documents import run_document, runtime_document
from assay.api.schemas import RunIn, RuntimeIn
from assay.core.roles import Right
from assay.runtimes import projects, runs

router = Router(tags=["runtimes"])


@router.get("/runtimes", response=dict[str, Any])
@needs(Right.SEE)
def list_runtimes(request: Caller, workspace: str) -> dict[str, Any]:
    """List the runtimes of the workspace that the caller may run."""
    return {"items": [runtime_document(one) for one in projects.mine(request.actor)], "next": None}


@router.post("/runtimes", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
def create(request: Caller, workspace: str, body: RuntimeIn) -> Status[dict[str, Any]]:
    """Set up a script in a published version."""
    runtime = projects.create(
        request.actor,
        slug=body.slug,
        title=body.title,
        kind=body.kind,
        environment=body.environment,
        files=body.source.files,
        source_kind=body.source.kind,
        entry=body.entry,
        limits=body.limits,
    )
    return Status(201, runtime_document(runtime))


@router.get("/runtimes/{slug}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show a runtime."""
    return runtime_document(projects.find(request.actor, slug))


@router.post("/runtimes/{slug}/runs", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
def start(request: Caller, workspace: str, slug: str, body: RunIn) -> Status[dict[str, Any]]:
    """Queue a run."""
    return Status(201, run_document(runs.request_run(request.actor, slug, arguments=tuple(body.args))))


@router.get("/runs/{uuid:run}", response=dict[str, Any])
@needs(Right.SEE)
def show_run(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """Show a run."""
    return run_document(runs.find(request.actor, str(run)))


@router.get("/runs/{uuid:run}/log", response=dict[str, Any])
@needs(Right.SEE)
def log(request: Caller, workspace: str, run: UUID, offset: int = 0) -> dict[str, Any]:
    """Read the log from a byte offset."""
    return runs.read_log(runs.find(request.actor, str(run)), offset)


@router.post("/runs/{uuid:run}/cancel", response=dict[str, Any])
@needs(Right.COMPOSE)
def cancel(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """End a run and every process of it."""
    return run_document(runs.cancel(request.actor, str(run)))
