"""`/review-list`: versions to review, what is kept, actions with several versions, and the rules of the list."""

from __future__ import annotations

from datetime import date
from typing import Any

from ninja import Router
from pydantic import Field

from assay.api.access import Caller, needs, raises
from assay.api.pagination import Cursor, Limit
from assay.api.schemas import Body, Items, example
from assay.core.errors import ConflictError, InvalidInputError
from assay.core.maintenance.bulk_actions import BulkAction
from assay.core.maintenance.review_rules import ReasonKind, read_rules
from assay.core.roles import Right
from assay.flow.maintenance.bulk_review import Details, Plan, PlannedRow, apply_bulk, plan_bulk
from assay.flow.maintenance.keep import end_keeping, keep
from assay.flow.maintenance.review_list import refresh_stale
from assay.flow.maintenance.review_rules import rules_in, set_rules
from assay.store.reads.ordering import Order
from assay.store.reads.review_items import ReviewFilters, review_rows, row_document

router = Router(tags=["Review list"])


class KeepIn(Body):
    """The version, or the environment whose active version is meant; the day to review it again, and why."""

    model_config = example({"environment": "geo@3", "until": "2027-06-30", "reason": "Used in the yearly report."})

    environment: str
    until: date
    reason: str


class KeepEndIn(Body):
    """The version that is kept."""

    model_config = example({"environment": "geo@3"})

    environment: str


class PlanIn(Body):
    """The action, and the versions of the list that it is meant for."""

    model_config = example({"action": "deprecate", "versions": ["geo@1", "web@2"]})

    action: BulkAction
    versions: list[str]


class ActionsIn(Body):
    """The action with the tokens of the versions as the plan returned them, and what it needs.

    `day`: until when they are kept, or their last day. `successors` are by version; the plan proposes them.
    `confirmation`: the words that the plan asks for.
    """

    model_config = example(
        {
            "action": "deprecate",
            "seen": {"geo@1": "3f9a1c2b4d5e6f70"},
            "reason": "Use geo@3.",
            "day": "2027-06-30",
            "successors": {"geo@1": "geo@3"},
        }
    )

    action: BulkAction
    seen: dict[str, str]
    reason: str = ""
    day: date | None = None
    owner: str = ""
    successors: dict[str, str] = Field(default_factory=dict)
    confirmation: str = ""


class RulesIn(Body):
    """Rules by kind, each with `on` and, where it has a number, `days`; kinds left out get their defaults.

    `seen` are the rules that you changed; 409 when they are others now. Without it nothing is compared.
    """

    model_config = example({"rules": {"unused": {"on": True, "days": 120}}})

    rules: dict[str, dict[str, Any]]
    seen: dict[str, dict[str, Any]] | None = None


@router.get("/review-list", response=Items)
@needs(Right.REVIEW)
def show_list(
    request: Caller,
    workspace: str,
    reason: str = "",
    owner: str = "",
    text: str = "",
    kept: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    limit: Limit = 50,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """List the versions that a rule selects for review, oldest reason first.

    `people` launched it in 90 days, `projects` name it, `derived` versions build on it, and retiring it `frees` so
    many bytes. With `kept=true` the versions that are kept are listed instead, with who said so.
    """
    if reason and reason not in list(ReasonKind):
        raise InvalidInputError(f"reason is one of {', '.join(ReasonKind)}.", hint="Leave it out.", path="reason")
    refresh_stale(request.actor.workspace_id)
    filters = ReviewFilters(reason=reason, owner=owner, text=text, kept=kept)
    page = review_rows(request.actor, filters, Order(), limit, cursor)
    return {"items": [row_document(one) for one in page.rows], "next": page.next or None}


@router.post("/review-list/keep", response=dict[str, Any])
@needs(Right.REVIEW)
@raises(ConflictError)
def keep_version(request: Caller, workspace: str, body: KeepIn) -> dict[str, Any]:
    """Keep a version: it is not in the list until a day, at most three years from now."""
    kept = keep(request.actor, body.environment, until=body.until, reason=body.reason)
    return {
        "reference": kept.version.reference,
        "until": kept.until,
        "reason": kept.reason,
        "by": request.actor.name,
        "at": kept.at,
    }


@router.post("/review-list/keep/end", response=dict[str, Any])
@needs(Right.REVIEW)
def end_keep(request: Caller, workspace: str, body: KeepEndIn) -> dict[str, Any]:
    """Stop keeping a version: the rules list it again."""
    return {"reference": end_keeping(request.actor, body.environment).reference}


@router.post("/review-list/plan", response=dict[str, Any])
@needs(Right.REVIEW)
def plan(request: Caller, workspace: str, body: PlanIn) -> dict[str, Any]:
    """Say what an action would do with versions of the list; nothing is changed.

    `problem` is why a version cannot take the action, `gone` are no longer listed. Send the tokens with the action.
    """
    return plan_document(plan_bulk(request.actor, body.action, body.versions))


@router.post("/review-list/actions", response=dict[str, Any])
@needs(Right.REVIEW)
@raises(ConflictError)
def act(request: Caller, workspace: str, body: ActionsIn) -> dict[str, Any]:
    """Keep, deprecate, end, retire or give many versions at once: all of them, or none.

    Versions with a `problem` in the plan are left out. 409 when any of the others has changed since the plan.
    """
    details = Details(
        reason=body.reason,
        day=body.day,
        owner=body.owner,
        typed=body.confirmation,
        successors=body.successors,
    )
    done, _ = apply_bulk(request.actor, body.action, body.seen, details)
    return {
        "action": str(body.action),
        "done": [one.row.reference for one in done.possible],
        "left": [{"reference": one.row.reference, "problem": one.problem} for one in done.impossible],
    }


@router.get("/review-list/rules", response=dict[str, Any])
@needs(Right.REVIEW)
def show_rules(request: Caller, workspace: str) -> dict[str, Any]:
    """Show the rules of the review list."""
    return {"rules": rules_in(request.actor).to_dict()}


@router.put("/review-list/rules", response=dict[str, Any])
@needs(Right.ADMINISTER)
@raises(ConflictError)
def change_rules(request: Caller, workspace: str, body: RulesIn) -> dict[str, Any]:
    """Set the rules of the review list, which is computed by them at once."""
    return {"rules": set_rules(request.actor, read_rules(body.rules), seen=body.seen).to_dict()}


def plan_document(found: Plan) -> dict[str, Any]:
    """Return what an action would do."""
    return {
        "action": str(found.action),
        "confirmation": found.confirmation or None,
        "items": [_planned(one) for one in found.rows],
        "gone": list(found.gone),
    }


def _planned(one: PlannedRow) -> dict[str, Any]:
    return row_document(one.row) | {
        "successor": one.successor or None,
        "problem": one.problem or None,
        "token": one.token,
    }
