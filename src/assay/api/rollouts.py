"""`/environments/{slug}/active` and `/rollout`: what the name of an environment stands for, and who gets it first."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Router
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.documents import environment_document, rollout_document
from assay.api.schemas import Body, example
from assay.core.errors import ConflictError
from assay.core.maintenance.rollout import RolloutAction
from assay.core.roles import Actor, Right
from assay.flow.access import find_environment, visible_versions
from assay.flow.maintenance import rollouts
from assay.store.reads.rollouts import NAMED, pilot_members, plan_of

router = Router(tags=["Roll-outs"])


class ActiveIn(Body):
    """The number of the version that the name should stand for, and why. `seen` is the one that you saw, 0 for none.

    Without `seen` nothing is compared.
    """

    model_config = example({"version": 3, "reason": "geo@4 reads tiles wrongly.", "seen": 4})

    version: int
    reason: str
    seen: int | None = Field(default=None, ge=0)


class RolloutChange(Body):
    """What to do with the roll-out, and why. A halted one needs a reason, except to stop it.

    `version` and `state` are what you saw; 409 when they have changed. Without `state` nothing is compared.
    """

    model_config = example({"action": "complete", "reason": "The failures were the network's.", "state": "halted"})

    action: Literal["complete", "stop", "resume"]
    reason: str = ""
    version: int = 0
    state: Literal["", "pilot", "halted"] = ""


def _shown(actor: Actor, slug: str) -> dict[str, Any]:
    environment = find_environment(actor, slug)
    return environment_document(environment, visible_versions(actor, environment))


@router.post("/environments/{slug}/active", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def set_active(request: Caller, workspace: str, slug: str, body: ActiveIn) -> dict[str, Any]:
    """Let the name of an environment stand for another published version.

    Reviewers only. People who use the name get the version at their next start. It ends a roll-out in progress.
    """
    rollouts.set_active(request.actor, slug, body.version, reason=body.reason, seen=body.seen)
    return _shown(request.actor, slug)


@router.get("/environments/{slug}/rollout", response=dict[str, Any])
@needs(Right.SEE)
def show(request: Caller, workspace: str, slug: str) -> dict[str, Any]:
    """Show the roll-out in progress, else the last one.

    `members` are the people of its pilot group, at most 100. 404 when the environment never had one.
    """
    rollout = rollouts.last_rollout(request.actor, slug)
    members = pilot_members(request.actor.workspace_id, plan_of(rollout))
    return {**rollout_document(rollout), "members": [name for _, name in members[:NAMED]], "pilot": len(members)}


@router.post("/environments/{slug}/rollout", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def change(request: Caller, workspace: str, slug: str, body: RolloutChange) -> dict[str, Any]:
    """Complete, stop or resume a roll-out.

    Reviewers only. `complete` gives the version to everyone, `stop` gives the pilot group the version before, and
    `resume` counts a halted pilot from the beginning.
    """
    number = body.version or rollouts.find_rollout(request.actor, slug).version.number
    seen = (number, body.state) if body.state else None
    rollouts.change_rollout(request.actor, slug, RolloutAction(body.action), reason=body.reason, seen=seen)
    return _shown(request.actor, slug)
