"""`/kernels`: environments as kernels of your own Jupyter."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.schemas import KernelIn
from assay.core.errors import ConflictError, DriftError
from assay.core.roles import Right
from assay.studio import kernels

router = Router(tags=["Kernels"])


@router.get("/kernels", response=dict[str, Any])
@needs(Right.SEE)
def listing(request: Caller, workspace: str) -> dict[str, Any]:
    """List the environments that you can start as kernels.

    Published environments are listed by name, your drafts by name and number.
    """
    return {"items": kernels.list_kernels(request.actor), "next": None}


@router.post("/kernels", response={201: dict[str, Any]})
@needs(Right.SEE)
@raises(ConflictError, DriftError)
def start(request: Caller, workspace: str, body: KernelIn) -> Status[dict[str, Any]]:
    """Start a kernel in a version.

    Returns the kernel spec and records the use. Refused where the version must not be launched.
    """
    return Status(201, kernels.start(request.actor, body.environment, request.get_host()))


@router.delete("/kernels/{kernel}", response={204: None})
@needs(Right.SEE)
def end(request: Caller, workspace: str, kernel: str) -> Status[None]:
    """Record the end of a kernel."""
    kernels.end(request.actor, kernel)
    return Status(204, None)
