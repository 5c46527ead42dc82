"""`/runtimes` and `/runs`: scripts in a published version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse
from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.documents import run_document, runtime_document
from assay.api.schemas import RunIn, RuntimeChange, RuntimeIn, SwitchIn
from assay.core.roles import Right
from assay.flow.downloads import lock_by_digest
from assay.runtimes import projects, runs, upgrade
from assay.runtimes.run_settings import Plan

router = Router(tags=["runtimes"])


@router.get("/runtimes", response=dict[str, Any])
@needs(Right.SEE)
def list_runtimes(request: Caller, workspace: str) -> dict[str, Any]:
    """List the runtimes of the workspace that the caller may run."""
    found = [*projects.mine(request.actor), *projects.shared_with(request.actor)]
    return {"items": [runtime_document(one) for one in found], "next": None}


@router.post("/runtimes", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
def create(request: Caller, workspace: str, body: RuntimeIn) -> Status[dict[str, Any]]:
    """Set up a script in a published version."""
    plan = Plan(**body.model_dump(exclude={"slug", "args", "source"}), **_mapped(body))
    runtime = projects.create(request.actor, body.slug, plan)
    return Status(201, runtime_document(runtime))


def _mapped(body: RuntimeIn | RuntimeChange) -> dict[str, Any]:
    """Return what the body names or shapes otherwise than a plan, as far as it is given."""
    mapped: dict[str, Any] = {}
    if body.args is not None:
        mapped["arguments"] = tuple(body.args)
    if body.source is not None:
        mapped["source"] = body.source.model_dump()
    return mapped


@router.patch("/runtimes/{slug}", response=dict[str, Any])
@needs(Right.COMPOSE)
def change(request: Caller, workspace: str, slug: str, body: RuntimeChange) -> dict[str, Any]:
    """Change what is given of a runtime; runs keep what they ran."""
    plan = projects.plan_of(projects.find(request.actor, slug))
    wanted = body.model_dump(exclude={"args", "source"}, exclude_none=True) | _mapped(body)
    return runtime_document(projects.change(request.actor, slug, replace(plan, **wanted)))


@router.get("/runtimes/{slug}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show a runtime that one may run."""
    return runtime_document(projects.find_runnable(request.actor, slug))


@router.get("/runtimes/{slug}/switch", response=dict[str, Any])
@needs(Right.SEE)
def difference(request: Caller, workspace: str, slug: str, to: str) -> dict[str, Any]:
    """Show what another version would change for a runtime, and how the last trial in it went."""
    found = upgrade.move(request.actor, slug, to)
    return {
        "before": found.before.reference,
        "after": found.after.reference,
        "digest": found.after.digest,
        "summary": found.changes.summary,
        "libraries": [
            {"name": row.name, "versions": list(row.versions), "change": row.change} for row in found.changes.changed
        ],
        "trial": run_document(found.trial) if found.trial else None,
    }


@router.post("/runtimes/{slug}/switch", response=dict[str, Any])
@needs(Right.COMPOSE)
def take(request: Caller, workspace: str, slug: str, body: SwitchIn) -> dict[str, Any]:
    """Let a runtime run in another version from now on."""
    return runtime_document(upgrade.switch(request.actor, slug, body.environment, seen=body.digest))


@router.post("/runtimes/{slug}/runs", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
def start(request: Caller, workspace: str, slug: str, body: RunIn) -> Status[dict[str, Any]]:
    """Queue a run."""
    arguments = None if body.args is None else tuple(body.args)
    run = runs.request_run(request.actor, slug, arguments=arguments, parameters=body.parameters, trial_in=body.trial)
    return Status(201, run_document(run))


@router.get("/runs/{uuid:run}", response=dict[str, Any])
@needs(Right.SEE)
def show_run(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """Show a run."""
    return run_document(runs.find(request.actor, str(run)))


@router.get("/runs/{uuid:run}/lock")
@needs(Right.SEE)
def lock(request: Caller, workspace: str, run: UUID) -> HttpResponse:
    """Download the lock of what a run ran in as `pylock.toml` (PEP 751), whatever became of the version since."""
    file = lock_by_digest(runs.find(request.actor, str(run)).digest)
    return HttpResponse(file.text, headers=file.headers)


@router.get("/runs/{uuid:run}/log", response=dict[str, Any])
@needs(Right.SEE)
def log(request: Caller, workspace: str, run: UUID, offset: int = 0) -> dict[str, Any]:
    """Read the log from a byte offset."""
    return runs.read_log(runs.find(request.actor, str(run)), offset)


@router.get("/runs/{uuid:run}/outputs", response=dict[str, Any])
@needs(Right.SEE)
def outputs(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """List the files that an ended run left; `size` is bytes."""
    left = runs.outputs_of(runs.find(request.actor, str(run)))
    return {"items": [{"name": one.name, "size": one.size} for one in left], "next": None}


@router.get("/runs/{uuid:run}/outputs/{path:name}")
@needs(Right.SEE)
def output(request: Caller, workspace: str, run: UUID, name: str) -> FileResponse:
    """Download a file that an ended run left."""
    file = runs.open_output_of(runs.find(request.actor, str(run)), name)
    return FileResponse(file, as_attachment=True, filename="output", content_type="application/octet-stream")


@router.post("/runs/{uuid:run}/cancel", response=dict[str, Any])
@needs(Right.COMPOSE)
def cancel(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """End a run and every process of it."""
    return run_document(runs.cancel(request.actor, str(run)))
