"""Roles, rights and scopes: who may do and see what, and what the refusal says."""

from __future__ import annotations

import pytest

from assay.core.errors import ForbiddenError, NotFoundError
from assay.core.roles import Actor, Right, Role, check_right, check_visible, may_see

RIGHTS = {
    Role.VIEWER: {Right.SEE},
    Role.MEMBER: {Right.SEE, Right.COMPOSE},
    Role.REVIEWER: {Right.SEE, Right.COMPOSE, Right.REVIEW},
    Role.ADMIN: {Right.SEE, Right.COMPOSE, Right.REVIEW, Right.ADMINISTER},
}


def person(role: Role, number: int = 1, scope: Right | None = None) -> Actor:
    """Return somebody with a role, perhaps by a token."""
    return Actor(id=number, name="p", role=role, workspace_id=1, scope=scope)


@pytest.mark.parametrize("role", Role)
def test_each_role_has_the_rights_of_those_below(role: Role) -> None:
    """A viewer sees, a member composes, a reviewer reviews, an administrator administers."""
    assert {right for right in Right if person(role).has(right)} == RIGHTS[role]


@pytest.mark.parametrize("scope", Right)
def test_a_scope_narrows_and_never_widens(scope: Right) -> None:
    """A token has what both its owner's role and its scope allow."""
    reach = {Right.SEE: Role.VIEWER, Right.COMPOSE: Role.MEMBER, Right.REVIEW: Role.REVIEWER}
    for role in Role:
        held = {right for right in Right if person(role, scope=scope).has(right)}
        assert held == RIGHTS[role] & RIGHTS[reach.get(scope, Role.ADMIN)]


def test_a_refusal_says_what_is_missing() -> None:
    """The role, or the scope of the token when the role would do."""
    check_right(person(Role.MEMBER), Right.COMPOSE)
    for role in (Role.REVIEWER, Role.ADMIN):
        with pytest.raises(ForbiddenError, match="The scope of this token") as caught:
            check_right(person(role, scope=Right.SEE), Right.REVIEW)
        assert "token" in caught.value.hint
    refusal = f"is member. You need the role reviewer to {Right.REVIEW.value}"
    with pytest.raises(ForbiddenError, match=refusal) as caught:
        check_right(person(Role.MEMBER), Right.REVIEW)
    assert "administrator" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "role", "author", "seen"),
    [
        ("draft", Role.ADMIN, 2, False),
        ("draft", Role.VIEWER, 1, True),
        ("pending", Role.MEMBER, 2, False),
        ("pending", Role.MEMBER, 1, True),
        ("pending", Role.REVIEWER, 2, True),
        ("published", Role.VIEWER, 2, True),
        ("retired", Role.VIEWER, 2, True),
    ],
)
def test_who_sees_a_version(status: str, role: Role, author: int, *, seen: bool) -> None:
    """Drafts are their author's, pending versions also the reviewers'; what is hidden is not found."""
    assert may_see(person(role), status=status, author_id=author) is seen
    if seen:
        check_visible(person(role), status=status, author_id=author)
    else:
        with pytest.raises(NotFoundError, match="no such version"):
            check_visible(person(role), status=status, author_id=author)
