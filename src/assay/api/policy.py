"""`/policy`: the rules of a workspace, their revisions, and what a new policy would change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from ninja import Router

from assay.api.access import Caller, needs, raises
from assay.api.openapi import returns_file
from assay.api.schemas import Items, PolicyIn, PolicyTry
from assay.core.errors import ConflictError
from assay.core.roles import Right
from assay.flow.assess import policy as policies

router = Router(tags=["Policy"])


@router.get("/policy", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str) -> dict[str, Any]:
    """Show the current policy."""
    return policies.write_policy(policies.current_policy(request.actor.workspace_id))


@router.get("/policy.yaml", openapi_extra=returns_file("application/yaml"))
@needs(Right.SEE)
def export(request: Caller, workspace: str) -> HttpResponse:
    """Download the current policy as YAML."""
    text = policies.policy_yaml(policies.current_policy(request.actor.workspace_id))
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="policy.yaml"'
    return response


@router.get("/policy/schema", response=dict[str, Any])
@needs(Right.SEE)
def schema(request: Caller, workspace: str) -> dict[str, Any]:
    """Show the JSON Schema of a policy."""
    return policies.schema()


@router.put("/policy", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def revise(request: Caller, workspace: str, body: PolicyIn) -> dict[str, Any]:
    """Save a new revision of the policy.

    `revision` is the current one; 409 when somebody saved another one meanwhile.
    """
    return policies.write_policy(
        policies.revise(
            request.actor, policies.read_policy(body.rules, body.yaml), seen=body.revision, note=body.note
        )
    )


@router.post("/policy/try", response=dict[str, Any])
@needs(Right.ADMINISTER)
def preview_policy(request: Caller, workspace: str, body: PolicyTry) -> dict[str, Any]:
    """Preview a policy.

    Returns the published and pending versions that it would block. Nothing is stored.
    """
    found = policies.preview_policy(request.actor, policies.read_policy(body.rules, body.yaml))
    return {
        "looked_at": found.looked_at,
        "would_stop": len(found.stopped),
        "would_warn": found.warned,
        "people": found.people,
        "runtimes": found.runtimes,
        "stopped": [asdict(one) for one in found.stopped],
    }


@router.get("/policy/revisions", response=Items)
@needs(Right.SEE)
def revisions(request: Caller, workspace: str) -> dict[str, Any]:
    """List the revisions of the policy, newest first.

    Revision 0 is the default policy.
    """
    rows = [
        {"revision": one.number, "by": one.by.get_username(), "at": one.at, "note": one.note, **one.document}
        for one in policies.revisions(request.actor.workspace_id)
    ]
    return {"items": rows, "next": None}


@router.post("/policy/revisions/{int:number}/restore", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def restore(request: Caller, workspace: str, number: int) -> dict[str, Any]:
    """Restore an earlier revision of the policy as a new one."""
    seen = policies.current_policy(request.actor.workspace_id).revision
    earlier = policies.policy_of(request.actor, number)
    return policies.write_policy(
        policies.revise(request.actor, earlier, seen=seen, note=f"Back to revision {number}.")
    )
