"""`/kernels`: environments as kernels of a Jupyter of one's own."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.schemas import KernelIn
from assay.core.roles import Right
from assay.studio import kernels

router = Router(tags=["kernels"])


@router.get("/kernels", response=dict[str, Any])
@needs(Right.SEE)
def listing(request: Caller, workspace: str) -> dict[str, Any]:
    """List what may be launched: published environments by name, one's own drafts by name and number."""
    return {"items": kernels.offered(request.actor), "next": None}


@router.post("/kernels", response={201: dict[str, Any]})
@needs(Right.SEE)
def start(request: Caller, workspace: str, body: KernelIn) -> Status[dict[str, Any]]:
    """Ask whether a kernel may start in a version now, and how; the use is recorded."""
    return Status(201, kernels.start(request.actor, body.environment))


@router.delete("/kernels/{kernel}", response={204: None})
@needs(Right.SEE)
def end(request: Caller, workspace: str, kernel: str) -> Status[None]:
    """Record that one's own kernel has ended."""
    kernels.end(request.actor, kernel)
    return Status(204, None)
