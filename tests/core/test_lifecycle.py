"""The lifecycle table holds for every role, person and status."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import (
    AssayError,
    ConflictError,
    DriftError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
)
from assay.core.lifecycle import (
    ALLOWED_USES,
    BY_ACTION,
    NOT_ASSESSED,
    TRANSITIONS,
    Action,
    BuildState,
    Health,
    Status,
    Use,
    VersionState,
    Who,
    build_may_move,
    check_launch,
    check_use,
    decide,
    shown_health,
)
from assay.core.roles import LEAST_ROLE, RANK, Actor, Right, Role, may_see

AUTHOR = 1


def person(role: Role, number: int = 2, scope: Right | None = None) -> Actor:
    """Return somebody with a role."""
    return Actor(id=number, name=f"p{number}", role=role, workspace_id=1, scope=scope)


actions = st.sampled_from(Action)
roles = st.sampled_from(Role)
statuses = st.sampled_from(Status)
people = st.sampled_from([AUTHOR, 2])
digests = st.sampled_from(["", "d" * 64])


@given(actions, roles, statuses, people, digests, st.booleans())
def test_an_action_is_allowed_exactly_when_its_row_says_so(
    action: Action, role: Role, status: Status, who: int, digest: str, building: bool
) -> None:
    """`decide` answers with the row when sight, right, state, person and needs fit, and raises else."""
    row = BY_ACTION[action]
    actor = person(role, who)
    version_state = VersionState(status=status, author_id=AUTHOR, digest=digest, building=building)
    fits = (
        may_see(actor, status=status, author_id=AUTHOR)
        and RANK[role] >= RANK[LEAST_ROLE[row.right]]
        and status == row.source
        and not (row.who is Who.AUTHOR and who != AUTHOR)
        and not (row.who is Who.ANOTHER and who == AUTHOR)
        and not (row.built and not digest)
        and not (building and action in {Action.SUBMIT, Action.EDIT, Action.DELETE})
    )
    try:
        move = decide(action, version_state, actor, words="because")
    except AssayError:
        assert not fits
    else:
        assert fits
        assert move.row is row


@given(roles, people)
def test_anothers_draft_is_not_found_whatever_the_role(role: Role, who: int) -> None:
    """What may not be seen answers "not found", never "forbidden"."""
    version_state = VersionState(status=Status.DRAFT, author_id=99, digest="d")
    for action in Action:
        with pytest.raises(NotFoundError):
            decide(action, version_state, person(role, who), words="x")
    with pytest.raises(NotFoundError):
        check_launch(version_state, Health.OK, person(role, who))


def test_nobody_approves_their_own_unless_the_workspace_allows_it() -> None:
    """The exception is marked."""
    version_state = VersionState(status=Status.PENDING, author_id=AUTHOR, digest="d")
    with pytest.raises(ForbiddenError, match="own submission"):
        decide(Action.APPROVE, version_state, person(Role.ADMIN, AUTHOR))
    assert decide(Action.APPROVE, version_state, person(Role.ADMIN, AUTHOR), self_approval=True).self_approved
    assert not decide(Action.APPROVE, version_state, person(Role.ADMIN), self_approval=True).self_approved
    assert not decide(Action.WITHDRAW, version_state, person(Role.ADMIN, AUTHOR)).self_approved


@pytest.mark.parametrize(
    ("action", "status", "path"),
    [
        (Action.REJECT, Status.PENDING, "feedback"),
        (Action.DEPRECATE, Status.PUBLISHED, "reason"),
        (Action.CHANGE_DEPRECATION, Status.DEPRECATED, "reason"),
        (Action.RETIRE, Status.DEPRECATED, "reason"),
    ],
)
def test_an_action_that_needs_a_text(action: Action, status: Status, path: str) -> None:
    """Blanks are none; the error names the field."""
    version_state = VersionState(status=status, author_id=AUTHOR, digest="d")
    with pytest.raises(InvalidInputError, match=f"A {path} is needed") as caught:
        decide(action, version_state, person(Role.ADMIN), words="  ")
    assert caught.value.path == path
    with pytest.raises(InvalidInputError):
        decide(action, version_state, person(Role.ADMIN))


@pytest.mark.parametrize(
    ("action", "source", "target", "least", "who"),
    [
        (Action.EDIT, "draft", "draft", Role.MEMBER, "author"),
        (Action.BUILD, "draft", "draft", Role.MEMBER, "author"),
        (Action.DELETE, "draft", None, Role.MEMBER, "author"),
        (Action.SUBMIT, "draft", "pending", Role.MEMBER, "author"),
        (Action.WITHDRAW, "pending", "draft", Role.MEMBER, "author"),
        (Action.APPROVE, "pending", "published", Role.REVIEWER, "another"),
        (Action.REJECT, "pending", "draft", Role.REVIEWER, "anyone"),
        (Action.DEPRECATE, "published", "deprecated", Role.REVIEWER, "anyone"),
        (Action.RESTORE, "deprecated", "published", Role.REVIEWER, "anyone"),
        (Action.CHANGE_DEPRECATION, "deprecated", "deprecated", Role.REVIEWER, "anyone"),
        (Action.RETIRE, "deprecated", "retired", Role.ADMIN, "anyone"),
        (Action.REINSTATE, "retired", "deprecated", Role.ADMIN, "anyone"),
    ],
)
def test_who_may_do_what_in_which_status(
    action: Action, source: str, target: str | None, least: Role, who: str
) -> None:
    """The table once more, by what `decide` allows: roles, author or another, status before and after."""
    allowed = set()
    for role in Role:
        for number in (AUTHOR, 2):
            for status in Status:
                state = VersionState(status=status, author_id=AUTHOR, digest="d")
                try:
                    found = decide(action, state, person(role, number), words="because")
                except AssayError:
                    continue
                assert found.row.target == target
                allowed.add((role, number, str(status)))
    people = {"author": {AUTHOR}, "another": {2}, "anyone": {AUTHOR, 2}}[who]
    roles_allowed = [role for role in Role if RANK[role] >= RANK[least]]
    assert allowed == {(role, number, source) for role in roles_allowed for number in people}


@pytest.mark.parametrize("action", Action)
def test_only_submitting_and_approving_need_a_build(action: Action) -> None:
    """Everything else can be done to a version that was never built."""
    unbuilt = VersionState(status=BY_ACTION[action].source, author_id=AUTHOR)
    author = person(Role.ADMIN, AUTHOR)
    if action in {Action.SUBMIT, Action.APPROVE}:
        with pytest.raises(ConflictError, match="It is not built"):
            decide(action, unbuilt, author, words="because", self_approval=True)
    else:
        assert decide(action, unbuilt, author, words="because").row.action is action


def test_an_action_in_another_status_is_a_conflict() -> None:
    """The message names both statuses."""
    version_state = VersionState(status=Status.PUBLISHED, author_id=AUTHOR, digest="d")
    with pytest.raises(ConflictError, match="To approve it must be pending; it is published"):
        decide(Action.APPROVE, version_state, person(Role.ADMIN))


@pytest.mark.parametrize(
    ("health", "assessed", "shown"),
    [
        (Health.OK, True, "ok"),
        (Health.OK, False, NOT_ASSESSED),
        (Health.ATTENTION, False, "attention"),
        (Health.QUARANTINED, False, "quarantined"),
        (Health.QUARANTINED, True, "quarantined"),
    ],
)
def test_health_is_good_only_when_it_was_assessed(health: Health, shown: str, *, assessed: bool) -> None:
    """Without a feed a version is not assessed; what is known to be bad stays so."""
    assert shown_health(health, assessed=assessed) == shown


def test_a_token_reaches_no_further_than_its_scope() -> None:
    """An administrator's token with the scope to see does not approve."""
    version_state = VersionState(status=Status.PENDING, author_id=AUTHOR, digest="d")
    with pytest.raises((ForbiddenError, NotFoundError)):
        decide(Action.APPROVE, version_state, person(Role.ADMIN, 2, scope=Right.SEE))


@given(statuses, st.sampled_from(Health), roles, people, digests)
def test_launching_follows_the_table_of_uses(
    status: Status, health: Health, role: Role, who: int, digest: str
) -> None:
    """Everyone launches published and deprecated versions, authors their own; nothing else starts."""
    version_state = VersionState(status=status, author_id=AUTHOR, digest=digest)
    uses = ALLOWED_USES[status]
    allowed = (
        bool(digest)
        and health is not Health.QUARANTINED
        and (Use.LAUNCH in uses or (Use.OWN_LAUNCH in uses and who == AUTHOR))
    )
    try:
        kind = check_launch(version_state, health, person(role, who))
    except AssayError:
        assert not allowed
    else:
        assert allowed
        assert kind == ("" if Use.LAUNCH in uses else "personal")


def test_every_status_can_be_reached_and_left() -> None:
    """The table has no dead end: a retired version can be reinstated."""
    reached = {row.target for row in TRANSITIONS if row.target}
    left = {row.source for row in TRANSITIONS}
    assert reached == set(Status)
    assert left == set(Status)


def test_builds_only_move_forward() -> None:
    """An ended build stays ended; an open one goes forward, or fails, or is cancelled."""
    assert build_may_move(BuildState.QUEUED, BuildState.BUILT)
    assert not build_may_move(BuildState.CHECKING, BuildState.RESOLVING)
    for ended in (BuildState.BUILT, BuildState.FAILED, BuildState.CANCELLED):
        assert not any(build_may_move(ended, target) for target in BuildState)
    with pytest.raises(ConflictError):
        decide(
            Action.SUBMIT,
            VersionState(status=Status.DRAFT, author_id=AUTHOR, digest=""),
            person(Role.MEMBER, AUTHOR),
        )


def test_a_version_that_is_being_built_is_left_alone() -> None:
    """Neither its spec nor its place changes under a build."""
    building = VersionState(status=Status.DRAFT, author_id=AUTHOR, digest="d", building=True)
    for action in (Action.SUBMIT, Action.EDIT, Action.DELETE):
        with pytest.raises(ConflictError, match="being built"):
            decide(action, building, person(Role.MEMBER, AUTHOR))


def test_only_an_open_build_moves_and_only_forward() -> None:
    """Whether it may move is decided by the order of the states; every open one may fail or be cancelled."""
    opened = (BuildState.QUEUED, BuildState.RESOLVING, BuildState.INSTALLING, BuildState.CHECKING)
    for at, source in enumerate(opened):
        allowed = {target for target in BuildState if build_may_move(source, target)}
        assert allowed == {*opened[at + 1 :], BuildState.BUILT, BuildState.FAILED, BuildState.CANCELLED}


@given(statuses, st.sampled_from(Health), st.sampled_from(Use))
def test_a_use_is_allowed_by_status_and_health(status: Status, health: Health, use: Use) -> None:
    """The error names what stands in the way: the quarantine first."""
    allowed = use in ALLOWED_USES[status] and health is not Health.QUARANTINED
    if allowed:
        check_use(status, health, use)
        return
    with pytest.raises(ConflictError, match="quarantined" if health is Health.QUARANTINED else str(status)):
        check_use(status, health, use)


def test_a_version_whose_files_changed_is_not_launched() -> None:
    """Only a repair makes it whole; a draft's author is not asked either."""
    for status in (Status.PUBLISHED, Status.DRAFT):
        drifted = VersionState(status=status, author_id=AUTHOR, digest="d", drifted=True)
        with pytest.raises(DriftError):
            check_launch(drifted, Health.OK, person(Role.MEMBER, AUTHOR))


def test_only_its_author_withdraws_a_submission() -> None:
    """A reviewer sees it, and rejects it instead."""
    pending = VersionState(status=Status.PENDING, author_id=AUTHOR, digest="d")
    with pytest.raises(ForbiddenError, match="Only its author may withdraw"):
        decide(Action.WITHDRAW, pending, person(Role.REVIEWER))
    assert decide(Action.WITHDRAW, pending, person(Role.MEMBER, AUTHOR)).row is BY_ACTION[Action.WITHDRAW]


@pytest.mark.parametrize(
    ("status", "health", "digest", "error", "words"),
    [
        (Status.RETIRED, Health.OK, "d", ForbiddenError, "is retired"),
        (Status.PUBLISHED, Health.QUARANTINED, "d", ForbiddenError, "is quarantined"),
        (Status.PUBLISHED, Health.OK, "", ConflictError, "not built"),
        (Status.PENDING, Health.OK, "d", ForbiddenError, "Only its author"),
    ],
)
def test_a_refused_launch_says_why(
    status: Status, health: Health, digest: str, error: type[AssayError], words: str
) -> None:
    """Each reason has its sentence."""
    with pytest.raises(error, match=words):
        check_launch(VersionState(status=status, author_id=AUTHOR, digest=digest), health, person(Role.REVIEWER))
