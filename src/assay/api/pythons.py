"""`/pythons`: the Pythons of the installation, which of them are offered, and their installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.schemas import Body, example
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow import pythons
from assay.flow.pythons import PythonRow

router = Router(tags=["Pythons"])


class PythonIn(Body):
    """A version to install: `3.13` for its newest patch release, or `3.13.2`."""

    model_config = example({"version": "3.13"})

    version: str


class PythonChangeIn(Body):
    """What to change of a Python; what is not given stays."""

    model_config = example({"offered": True, "default": True})

    offered: bool | None = None
    default: bool = False


def document(row: PythonRow) -> dict[str, Any]:
    """Return a Python; `support_ends` is an ISO date."""
    return {
        **asdict(row),
        "support_ends": row.support_ends.isoformat() if row.support_ends else None,
        "where": row.where,
    }


@router.get("/pythons", response=dict[str, Any])
@needs(Right.ADMINISTER)
def listing(request: Caller, workspace: str) -> dict[str, Any]:
    """List the Pythons, newest first.

    They are the same in all workspaces. `kind` is `assay`, `folder`, `pyenv`, `uv`, `system`, or empty for one that
    is not on the machine. `versions` and `environments` count what is not retired in all workspaces, `own_versions`
    in this one. `state` is that of an installation: empty, `queued`, `installing`, `installed` or `failed`.
    """
    return {"items": [document(one) for one in pythons.list_pythons(request.actor)], "next": None}


@router.post("/pythons", response={202: dict[str, Any]})
@needs(Right.ADMINISTER)
def install(request: Caller, workspace: str, body: PythonIn) -> Status[dict[str, Any]]:
    """Install a Python.

    The worker installs it; poll the list. It is offered as soon as it is there. Installing what is being installed
    has no effect.
    """
    row = pythons.request_installation(request.actor, body.version)
    return Status(202, {"python": row.minor, "version": row.wanted, "state": row.state})


@router.patch("/pythons/{minor}", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def change(request: Caller, workspace: str, minor: str, body: PythonChangeIn) -> dict[str, Any]:
    """Offer a Python, stop offering it, or set it as the default of new environments.

    Stopping is refused for the default, and for a Python that other workspaces use.
    """
    if body.offered is not None:
        pythons.offer(request.actor, minor, offered=body.offered)
    if body.default:
        pythons.set_default(request.actor, minor)
    return next(document(one) for one in pythons.list_pythons(request.actor) if one.minor == minor)
