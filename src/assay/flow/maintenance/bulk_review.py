"""Actions on several versions of the review list in one confirmation: all of them, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from django.db import transaction
from django.utils import timezone

from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.lifecycle import Status
from assay.core.maintenance.bulk_actions import (
    BulkAction,
    confirmation,
    final_successors,
    shown_token,
    status_problem,
)
from assay.core.roles import Actor, Right, check_right
from assay.flow.maintenance.keep import end_keeping, keep
from assay.flow.maintenance.ownership import give_environment
from assay.flow.maintenance.review_list import refresh
from assay.flow.retire import deprecate, restore, retire, set_end
from assay.store.models import Environment, Run, Server, Version
from assay.store.reads.impact import PERIOD
from assay.store.reads.people_use import names_in
from assay.store.reads.review_items import ReviewRow, rows_named

MOST = 400  # versions in one confirmation: a form has one field for each, or two
RIGHTS = {BulkAction.RETIRE: Right.ADMINISTER, BulkAction.OWNER: Right.ADMINISTER}  # of others: reviewers


@dataclass(frozen=True, kw_only=True)
class PlannedRow:
    """What an action would do with a version. `problem` says why it cannot be done, '' when it can.

    `token` stands for everything that was shown of the version; `changed`: it is not what the person saw.
    """

    row: ReviewRow
    successor: str
    problem: str
    token: str
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The selected versions with what would be done. `gone` are no longer in the list."""

    action: BulkAction
    rows: tuple[PlannedRow, ...]
    gone: tuple[str, ...] = ()

    @property
    def possible(self) -> list[PlannedRow]:
        """The rows with which the action can be done."""
        return [one for one in self.rows if not one.problem]

    @property
    def left(self) -> int:
        """How many selected versions stay as they are."""
        return len(self.impossible) + len(self.gone)

    @property
    def impossible(self) -> list[PlannedRow]:
        """The other rows."""
        return [one for one in self.rows if one.problem]

    @property
    def people(self) -> list[str]:
        """The people who launched any of the possible rows in 90 days: one query."""
        return names_in([one.row.pk for one in self.possible], timezone.now().date() - PERIOD)

    @property
    def confirmation(self) -> str:
        """The words to type, '' for none."""
        return confirmation(self.action, len(self.possible))


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a person gives once for all rows: the reason or message, a day, the new owner, the words typed.

    `successors` are by version; `day` is the day until which versions are kept, or on which they end.
    """

    reason: str = ""
    day: date | None = None
    owner: str = ""
    typed: str = ""
    successors: Mapping[str, str] = field(default_factory=dict)


class ChangedRowsError(ConflictError):
    """Versions have changed since they were shown."""

    def __init__(self, plan: Plan, references: Collection[str]) -> None:
        """Keep the present plan, in which these versions are marked."""
        self.plan = plan
        named = ", ".join(sorted(references)[:5])
        more = f" and {len(references) - 5} more" if len(references) > 5 else ""  # noqa: PLR2004 - as above
        super().__init__(
            f"Changed since you opened the page: {named}{more}. Nothing was done.",
            hint="Look at the rows that are marked, and confirm again.",
        )


@dataclass(frozen=True, kw_only=True)
class Undo:
    """How an action is undone: the versions, and the owner before of each environment."""

    action: BulkAction
    references: tuple[str, ...]
    owners: Mapping[str, str] = field(default_factory=dict)


def plan_bulk(
    actor: Actor, action: BulkAction, references: Collection[str], seen: Mapping[str, str] | None = None
) -> Plan:
    """Return what an action would do with versions, computed now; `seen` are the tokens that a person saw.

    Raises InvalidInputError for no versions or too many.
    """
    check_right(actor, RIGHTS.get(action, Right.REVIEW))
    wanted = list(dict.fromkeys(references))
    if not 1 <= len(wanted) <= MOST:
        raise InvalidInputError(
            f"{len(wanted)} versions are selected.", hint=f"Select 1 to {MOST} rows of the list.", path="rows"
        )
    slugs = {one.partition("@")[0] for one in wanted}
    rows = Environment.objects.filter(workspace_id=actor.workspace_id, slug__in=slugs)
    refresh(actor.workspace_id, list(rows.values_list("pk", flat=True)))
    found = rows_named(actor, wanted)
    running = _running(actor, found) if action is BulkAction.RETIRE else Counter[str]()
    successors = final_successors({name: row.proposal["successor"] for name, row in found.items()})
    planned = tuple(
        _planned(action, found[name], successors[name], running[name], seen) for name in wanted if name in found
    )
    return Plan(action=action, rows=planned, gone=tuple(name for name in wanted if name not in found))


def _planned(
    action: BulkAction, row: ReviewRow, successor: str, running: int, seen: Mapping[str, str] | None
) -> PlannedRow:
    problem = status_problem(action, Status(row.status))
    if running and not problem:
        problem = (
            f"It is in use now by {running} server{'s' if running != 1 else ''} or run{'s' if running != 1 else ''}."
        )
    token = shown_token(
        {
            "revision": row.revision,
            "owner": row.owner,
            "impact": [row.people, row.projects, row.derived, row.frees],
            "kept": row.kept and [row.kept.until, row.kept.at],
            "problem": problem,
        }
    )
    changed = seen is not None and seen.get(row.reference) != token
    return PlannedRow(row=row, successor=successor, problem=problem, token=token, changed=changed)


def _running(actor: Actor, found: Mapping[str, ReviewRow]) -> Counter[str]:
    """Count what runs in each version: two queries."""
    slugs = {row.environment for row in found.values()}
    here = {"version__environment__workspace_id": actor.workspace_id, "version__environment__slug__in": slugs}
    open_servers = Server.objects.filter(**here, state__in=["starting", "ready"])
    open_runs = Run.objects.filter(**here, state__in=["queued", "running"])
    names = "version__environment__slug", "version__number"
    return Counter(
        f"{slug}@{number}" for rows in (open_servers, open_runs) for slug, number in rows.values_list(*names)
    )


def apply_bulk(actor: Actor, action: BulkAction, seen: Mapping[str, str], details: Details) -> tuple[Plan, Undo]:
    """Do an action with all versions that can take it, in one transaction, and return how it is undone.

    `seen` are the tokens of the rows as they were shown. Raises ChangedRowsError, and does nothing, when any of them
    is another one now, and the error of the first version with which it fails.
    """
    plan = plan_bulk(actor, action, list(seen), seen)
    changed = {one.row.reference for one in plan.rows if one.changed} | set(plan.gone)
    if changed:
        raise ChangedRowsError(plan, changed)
    if not plan.possible:
        raise ConflictError("None of these versions can take this action.", hint="Choose other rows.")
    _check_details(plan, details)
    act = _ACTIONS[action]
    owners = {one.row.environment: one.row.owner for one in plan.possible}
    with transaction.atomic():
        for one in _once_each(plan):
            try:
                act(actor, one, details)
            except AssayError as error:
                named = error.detail if one.row.reference in error.detail else f"{one.row.reference}: {error.detail}"
                raise type(error)(named, hint=error.hint, path=error.path) from error
    slugs = {one.row.environment for one in plan.possible}
    environments = Environment.objects.filter(workspace_id=actor.workspace_id, slug__in=slugs)
    refresh(actor.workspace_id, list(environments.values_list("pk", flat=True)))
    references = tuple(one.row.reference for one in plan.possible)
    return plan, Undo(action=action, references=references, owners=owners if action is BulkAction.OWNER else {})


def _once_each(plan: Plan) -> list[PlannedRow]:
    """Return the rows to act on: one for each environment when it is given to another owner."""
    if plan.action is not BulkAction.OWNER:
        return plan.possible
    return list({one.row.environment: one for one in plan.possible}.values())


def _check_details(plan: Plan, details: Details) -> None:
    if plan.confirmation and details.typed.strip() != plan.confirmation:
        raise InvalidInputError(
            "The words do not match.", hint=f"Type “{plan.confirmation}” to confirm.", path="typed"
        )
    if plan.action in {BulkAction.KEEP, BulkAction.END} and details.day is None:
        raise InvalidInputError("A day is needed.", hint="Choose a day.", path="day")
    selected = {one.row.reference for one in plan.possible}
    looped = sorted(name for name in selected if details.successors.get(name, "") in selected)
    if plan.action is BulkAction.DEPRECATE and looped:
        raise InvalidInputError(
            f"{looped[0]}: its successor {details.successors[looped[0]]} is being deprecated, too.",
            hint="Choose a version that stays, or none.",
            path="successor",
        )


def _keep(actor: Actor, one: PlannedRow, details: Details) -> None:
    keep(actor, one.row.reference, until=details.day or date.min, reason=details.reason)


def _deprecate(actor: Actor, one: PlannedRow, details: Details) -> None:
    deprecate(
        actor,
        one.row.environment,
        one.row.version,
        reason=details.reason,
        successor=details.successors.get(one.row.reference, one.successor).strip(),
        ends_at=_end(details.day),
    )


def _set_end(actor: Actor, one: PlannedRow, details: Details) -> None:
    set_end(actor, one.row.environment, one.row.version, ends_at=_end(details.day))


def _give(actor: Actor, one: PlannedRow, details: Details) -> None:
    give_environment(actor, one.row.environment, details.owner, seen=one.row.owner)


def _retire(actor: Actor, one: PlannedRow, details: Details) -> None:
    retire(actor, one.row.environment, one.row.version, reason=details.reason)


def _end(day: date | None) -> datetime | None:
    """Return the end of a day (UTC)."""
    return datetime.combine(day, time.max, UTC) if day else None


_ACTIONS: Mapping[BulkAction, Callable[[Actor, PlannedRow, Details], None]] = {
    BulkAction.KEEP: _keep,
    BulkAction.DEPRECATE: _deprecate,
    BulkAction.END: _set_end,
    BulkAction.OWNER: _give,
    BulkAction.RETIRE: _retire,
}


def undo_bulk(actor: Actor, undo: Undo) -> int:
    """Undo an action, all of it or nothing; return with how many versions. Raises ConflictError for a retirement."""
    check_right(actor, RIGHTS.get(undo.action, Right.REVIEW))
    if undo.action is BulkAction.RETIRE:
        raise ConflictError("A retirement cannot be undone.", hint="Reinstate each version on its page.")
    with transaction.atomic():
        for reference in undo.references if undo.action is not BulkAction.OWNER else ():
            _undo_one(actor, undo.action, reference)
        for slug, owner in undo.owners.items():
            give_environment(actor, slug, owner)
    slugs = {one.partition("@")[0] for one in undo.references}
    versions = Version.objects.filter(environment__workspace_id=actor.workspace_id, environment__slug__in=slugs)
    refresh(actor.workspace_id, set(versions.values_list("environment_id", flat=True)))
    return len(undo.references)


def _undo_one(actor: Actor, action: BulkAction, reference: str) -> None:
    slug, _, number = reference.partition("@")
    if action is BulkAction.KEEP:
        end_keeping(actor, reference)
    elif action is BulkAction.DEPRECATE:
        restore(actor, slug, int(number))
    else:
        set_end(actor, slug, int(number), ends_at=None)
