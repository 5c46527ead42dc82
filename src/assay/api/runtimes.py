"""`/runtimes` and `/runs`: scripts, notebooks and apps in a published version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse
from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import run_document, runtime_document
from assay.api.openapi import returns_file
from assay.api.schemas import RunIn, RuntimeChange, RuntimeIn, SwitchIn
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow.downloads import LOCK_TYPE, lock_by_digest
from assay.runtimes import projects, runs, upgrade
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Runtime

router = Router(tags=["Runtimes"])


@router.get("/runtimes", response=dict[str, Any])
@needs(Right.SEE)
def list_runtimes(request: Caller, workspace: str) -> dict[str, Any]:
    """List the runtimes that you can run.

    `replaced` says why the version of a runtime is deprecated or retired, `instead` names the version to switch to.
    """
    found = [*projects.list_own(request.actor), *projects.list_shared(request.actor)]
    replaced = upgrade.replaced_versions(found)
    return {"items": [_document(one, replaced) for one in found], "next": None}


def _document(runtime: Runtime, replaced: Mapping[int, tuple[str, str]]) -> dict[str, Any]:
    notice, instead = replaced.get(runtime.pk, ("", ""))
    return runtime_document(runtime) | {"replaced": notice, "instead": instead}


@router.post("/runtimes", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def create(request: Caller, workspace: str, body: RuntimeIn) -> Status[dict[str, Any]]:
    """Create a runtime."""
    spec = ProjectSpec(**body.model_dump(exclude={"slug", "args", "source"}), **_mapped(body))
    runtime = projects.create(request.actor, body.slug, spec)
    return Status(201, runtime_document(runtime))


def _mapped(body: RuntimeIn | RuntimeChange) -> dict[str, Any]:
    """Return the given fields that a spec names or types differently."""
    mapped: dict[str, Any] = {}
    if body.args is not None:
        mapped["arguments"] = tuple(body.args)
    if body.source is not None:
        mapped["source"] = body.source.model_dump()
    return mapped


@router.patch("/runtimes/{slug}", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def change(request: Caller, workspace: str, slug: str, body: RuntimeChange) -> dict[str, Any]:
    """Change a runtime.

    Fields that are left out keep their values. Earlier runs do not change.
    """
    spec = projects.spec_of(projects.find(request.actor, slug))
    wanted = body.model_dump(exclude={"args", "source"}, exclude_none=True) | _mapped(body)
    return runtime_document(projects.change(request.actor, slug, replace(spec, **wanted)))


@router.get("/runtimes/{slug}", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show a runtime."""
    found = projects.find_runnable(request.actor, slug)
    return _document(found, upgrade.replaced_versions([found]))


@router.get("/runtimes/{slug}/switch", response=dict[str, Any])
@needs(Right.SEE)
def difference(request: Caller, workspace: str, slug: str, to: str) -> dict[str, Any]:
    """Compare the version of a runtime with another one.

    `trial` is the last run that tried the other version.
    """
    found = upgrade.preview(request.actor, slug, to)
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
@raises(ConflictError)
def take(request: Caller, workspace: str, slug: str, body: SwitchIn) -> dict[str, Any]:
    """Switch a runtime to another version."""
    return runtime_document(upgrade.switch(request.actor, slug, body.environment, seen=body.digest))


@router.post("/runtimes/{slug}/runs", response={201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError)
def start(request: Caller, workspace: str, slug: str, body: RunIn) -> Status[dict[str, Any]]:
    """Start a run."""
    arguments = None if body.args is None else tuple(body.args)
    run = runs.request_run(request.actor, slug, arguments=arguments, parameters=body.parameters, trial_in=body.trial)
    return Status(201, run_document(run))


@router.get("/runs/{uuid:run}", response=dict[str, Any])
@needs(Right.SEE)
def show_run(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """Show a run."""
    return run_document(runs.find(request.actor, str(run)))


@router.get("/runs/{uuid:run}/lock", openapi_extra=returns_file(LOCK_TYPE))
@needs(Right.SEE)
def lock(request: Caller, workspace: str, run: UUID) -> HttpResponse:
    """Download the lock of a run as `pylock.toml` (PEP 751).

    It stays available after the version is retired.
    """
    file = lock_by_digest(runs.find(request.actor, str(run)).digest)
    return HttpResponse(file.text, headers=file.headers)


@router.get("/runs/{uuid:run}/log", response=dict[str, Any])
@needs(Right.SEE)
def log(request: Caller, workspace: str, run: UUID, offset: int = 0) -> dict[str, Any]:
    """Read the log of a run from a byte offset.

    `next` is the offset to continue from. `done` is true when nothing more will come.
    """
    return runs.read_log(runs.find(request.actor, str(run)), offset)


@router.get("/runs/{uuid:run}/outputs", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def outputs(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """List the output files of an ended run.

    `size` is in bytes.
    """
    left = runs.outputs_of(runs.find(request.actor, str(run)))
    return {"items": [{"name": one.name, "size": one.size} for one in left], "next": None}


@router.get("/runs/{uuid:run}/outputs/{path:name}", openapi_extra=returns_file("application/octet-stream"))
@needs(Right.SEE)
@raises(ConflictError)
def output(request: Caller, workspace: str, run: UUID, name: str) -> FileResponse:
    """Download an output file of an ended run."""
    file = runs.open_output_of(runs.find(request.actor, str(run)), name)
    return FileResponse(file, as_attachment=True, filename="output", content_type="application/octet-stream")


@router.post("/runs/{uuid:run}/cancel", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(ConflictError)
def cancel(request: Caller, workspace: str, run: UUID) -> dict[str, Any]:
    """Cancel a run.

    Every process of the run is ended.
    """
    return run_document(runs.cancel(request.actor, str(run)))
