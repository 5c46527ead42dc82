"""`/policy`: the rules of a workspace, their revisions, and a rehearsal before saving."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from ninja import Router

from assay.api.access import Caller, needs
from assay.api.schemas import Items, PolicyIn, PolicyTry
from assay.core.roles import Right
from assay.flow.assess import policy as policies

router = Router(tags=["policy"])


@router.get("/policy", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str) -> dict[str, Any]:
    """Show the policy that counts."""
    return policies.write_policy(policies.current_policy(request.actor.workspace_id))


@router.get("/policy.yaml")
@needs(Right.SEE)
def export(request: Caller, workspace: str) -> HttpResponse:
    """Download the policy as YAML."""
    text = policies.policy_yaml(policies.current_policy(request.actor.workspace_id))
    answer = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="policy.yaml"'
    return answer


@router.get("/policy/schema", response=dict[str, Any])
@needs(Right.SEE)
def schema(request: Caller, workspace: str) -> dict[str, Any]:
    """Show the JSON Schema of a policy."""
    return policies.schema()


@router.put("/policy", response=dict[str, Any])
@needs(Right.ADMINISTER)
def revise(request: Caller, workspace: str, body: PolicyIn) -> dict[str, Any]:
    """Save a new revision. `revision` is the one that the caller saw."""
    return policies.write_policy(
        policies.revise(
            request.actor, policies.read_policy(body.rules, body.yaml), seen=body.revision, note=body.note
        )
    )


@router.post("/policy/try", response=dict[str, Any])
@needs(Right.ADMINISTER)
def preview_policy(request: Caller, workspace: str, body: PolicyTry) -> dict[str, Any]:
    """Say what a policy would stop among everything published and pending. Nothing is stored."""
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
    """List the revisions, newest first; 0 is the default of the product."""
    rows = [
        {"revision": one.number, "by": one.by.get_username(), "at": one.at, "note": one.note, **one.document}
        for one in policies.revisions(request.actor.workspace_id)
    ]
    return {"items": rows, "next": None}


@router.post("/policy/revisions/{int:number}/restore", response=dict[str, Any])
@needs(Right.ADMINISTER)
def restore(request: Caller, workspace: str, number: int) -> dict[str, Any]:
    """Make an earlier policy the one that counts again, as a new revision."""
    seen = policies.current_policy(request.actor.workspace_id).revision
    earlier = policies.policy_of(request.actor, number)
    return policies.write_policy(
        policies.revise(request.actor, earlier, seen=seen, note=f"Back to revision {number}.")
    )
