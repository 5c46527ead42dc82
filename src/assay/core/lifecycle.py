"""The lifecycle of versions and builds: one table each, used by code, API, docs and pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from assay.core.errors import ConflictError, DriftError, ForbiddenError, InvalidInputError
from assay.core.roles import Actor, Right, check_right, check_visible


class Status(StrEnum):
    """The status of a version."""

    DRAFT = "draft"
    PENDING = "pending"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class Health(StrEnum):
    """The health of a version, separate from its status: problems found after approval."""

    OK = "ok"
    ATTENTION = "attention"
    QUARANTINED = "quarantined"


NOT_ASSESSED = "not assessed"
RUNNING_GRACE = timedelta(
    hours=24
)  # running servers may go on for so long after a rule's deadline, to save open work


def shown_health(health: str, *, assessed: bool) -> str:
    """Return the health to display: a version not assessed against an advisory feed is never shown as `ok`."""
    return NOT_ASSESSED if health == Health.OK and not assessed else str(health)


class Action(StrEnum):
    """The actions on a version."""

    EDIT = "edit"
    BUILD = "build"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REJECT = "reject"
    DEPRECATE = "deprecate"
    RESTORE = "restore"
    CHANGE_DEPRECATION = "change its deprecation"
    RETIRE = "retire"
    REINSTATE = "reinstate"
    DELETE = "delete"


class Who(StrEnum):
    """Who may take an action, in addition to the right that it requires."""

    AUTHOR = "its author"
    ANOTHER = "somebody else than its author"
    ANYONE = "anyone with the right"


@dataclass(frozen=True)
class Transition:
    """One row of the table. `text` names the text field that the action requires, '' for none."""

    action: Action
    source: Status
    target: Status | None
    right: Right
    who: Who
    built: bool = field(default=False, kw_only=True)
    text: str = field(default="", kw_only=True)


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Action.EDIT, Status.DRAFT, Status.DRAFT, Right.COMPOSE, Who.AUTHOR),
    Transition(Action.BUILD, Status.DRAFT, Status.DRAFT, Right.COMPOSE, Who.AUTHOR),
    Transition(Action.DELETE, Status.DRAFT, None, Right.COMPOSE, Who.AUTHOR),
    Transition(Action.SUBMIT, Status.DRAFT, Status.PENDING, Right.COMPOSE, Who.AUTHOR, built=True),
    Transition(Action.WITHDRAW, Status.PENDING, Status.DRAFT, Right.COMPOSE, Who.AUTHOR),
    Transition(Action.APPROVE, Status.PENDING, Status.PUBLISHED, Right.REVIEW, Who.ANOTHER, built=True),
    Transition(Action.REJECT, Status.PENDING, Status.DRAFT, Right.REVIEW, Who.ANYONE, text="feedback"),
    Transition(Action.DEPRECATE, Status.PUBLISHED, Status.DEPRECATED, Right.REVIEW, Who.ANYONE, text="reason"),
    Transition(Action.RESTORE, Status.DEPRECATED, Status.PUBLISHED, Right.REVIEW, Who.ANYONE),
    Transition(
        Action.CHANGE_DEPRECATION, Status.DEPRECATED, Status.DEPRECATED, Right.REVIEW, Who.ANYONE, text="reason"
    ),
    Transition(Action.RETIRE, Status.DEPRECATED, Status.RETIRED, Right.ADMINISTER, Who.ANYONE, text="reason"),
    Transition(Action.REINSTATE, Status.RETIRED, Status.DEPRECATED, Right.ADMINISTER, Who.ANYONE),
)
BY_ACTION = {row.action: row for row in TRANSITIONS}


@dataclass(frozen=True, kw_only=True)
class VersionState:
    """The state of a version that decides on actions. `digest` is '' until built; `drifted`: its files changed."""

    status: Status
    author_id: int
    digest: str = ""
    building: bool = False
    drifted: bool = False


@dataclass(frozen=True, kw_only=True)
class AllowedTransition:
    """An allowed action: the row that allows it, and whether authors approve their own version by exception."""

    row: Transition
    self_approved: bool = False


def decide(
    action: Action, state: VersionState, actor: Actor, *, words: str = "", self_approval: bool = False
) -> AllowedTransition:
    """Return the transition that the action makes, or raise the reason why it is not allowed.

    The order of checks reveals no more than the actor may know: visibility, right, state, person, requirements.
    """
    row = BY_ACTION[action]
    check_visible(actor, status=state.status, author_id=state.author_id)
    check_right(actor, row.right)
    if state.status != row.source:
        raise ConflictError(
            f"To {action} it must be {row.source}; it is {state.status}.", hint="Load the page again."
        )
    own = state.author_id == actor.id
    if row.who is Who.AUTHOR and not own:
        raise ForbiddenError(f"Only its author may {action} this version.", hint="Ask its author.")
    if row.who is Who.ANOTHER and own and not self_approval:
        raise ForbiddenError("Nobody approves their own submission.", hint="Ask another reviewer of the workspace.")
    _check_requirements(row, state, words)
    return AllowedTransition(row=row, self_approved=row.who is Who.ANOTHER and own)


def _check_requirements(row: Transition, state: VersionState, words: str) -> None:
    if row.built and not state.digest:
        raise ConflictError("It is not built.", hint="Build it first, and wait until its checks are done.")
    if row.action in {Action.SUBMIT, Action.EDIT, Action.DELETE} and state.building:
        raise ConflictError("It is being built.", hint="Wait for the build to end, or cancel it.")
    if row.text and not words.strip():
        raise InvalidInputError(f"A {row.text} is needed.", hint="Write what the reader should do.", path=row.text)


class BuildState(StrEnum):
    """The state of a build."""

    QUEUED = "queued"
    RESOLVING = "resolving"
    INSTALLING = "installing"
    CHECKING = "checking"
    BUILT = "built"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE_BUILD = (BuildState.QUEUED, BuildState.RESOLVING, BuildState.INSTALLING, BuildState.CHECKING)
BUILD_ORDER = (*ACTIVE_BUILD, BuildState.BUILT)


def build_may_move(source: BuildState, target: BuildState) -> bool:
    """Return whether a build may change state: forward, or from any active state to failed or cancelled."""
    if source not in ACTIVE_BUILD:
        return False
    if target in {BuildState.FAILED, BuildState.CANCELLED}:
        return True
    return BUILD_ORDER.index(target) > BUILD_ORDER.index(source)


class Use(StrEnum):
    """The ways to use a version."""

    OWN_LAUNCH = "owner launches"
    LAUNCH = "everyone launches"
    BASE = "chosen as base"
    RUNTIME = "in runtimes"


ALLOWED_USES: dict[Status, frozenset[Use]] = {
    Status.DRAFT: frozenset({Use.OWN_LAUNCH}),
    Status.PENDING: frozenset({Use.OWN_LAUNCH}),
    Status.PUBLISHED: frozenset(Use),
    Status.DEPRECATED: frozenset({Use.OWN_LAUNCH, Use.LAUNCH, Use.RUNTIME}),
    Status.RETIRED: frozenset(),
}


def check_launch(state: VersionState, health: Health, actor: Actor) -> str:
    """Return 'personal' for a launch of one's own unpublished version, else ''; raise if it is not allowed."""
    check_visible(actor, status=state.status, author_id=state.author_id)
    check_right(actor, Right.SEE)
    uses = ALLOWED_USES[state.status]
    if not uses or health is Health.QUARANTINED:
        word = "quarantined" if health is Health.QUARANTINED else str(state.status)
        raise ForbiddenError(f"This version is {word}; it cannot be launched.", hint="Choose another version.")
    if not state.digest:
        raise ConflictError("This version is not built.", hint="Build it first.")
    if state.drifted:
        raise DriftError(
            "Files of this version changed after the build; it cannot be launched until it is repaired.",
            hint="Its author or a reviewer can rebuild it from its lock.",
        )
    if Use.LAUNCH in uses:
        return ""
    if state.author_id != actor.id:
        raise ForbiddenError("Only its author may launch a version that is not published.", hint="Approve it first.")
    return "personal"


def launchable(status: Status, health: Health, *, drifted: bool = False) -> bool:
    """Return whether everyone may launch a version in this state."""
    return Use.LAUNCH in ALLOWED_USES[status] and health is not Health.QUARANTINED and not drifted


def check_use(status: Status, health: Health, use: Use) -> None:
    """Raise ConflictError unless a version with this status and health allows the use."""
    if use not in ALLOWED_USES[status] or health is Health.QUARANTINED:
        word = "quarantined" if health is Health.QUARANTINED else str(status)
        raise ConflictError(f"A version that is {word} cannot be {use.value}.", hint="Choose a published version.")
