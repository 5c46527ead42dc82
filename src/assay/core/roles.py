"""Roles and rights in a workspace: one table, checked by `may_see` and `check_right`.

Access to what a person may not see is answered "not found"; an action on what they may see but not change is
answered "forbidden" with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from assay.core.errors import ForbiddenError, NotFoundError


class Role(StrEnum):
    """The role of a member in a workspace. Each role includes the rights of the one before it."""

    VIEWER = "viewer"
    MEMBER = "member"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Right(StrEnum):
    """A right that a route may require."""

    SEE = "see and launch published versions"
    COMPOSE = "compose, build, submit and launch own drafts"
    REVIEW = "approve, reject, waive and deprecate"
    ADMINISTER = "change members, policy and sources, retire and quarantine"


LEAST_ROLE: dict[Right, Role] = {
    Right.SEE: Role.VIEWER,
    Right.COMPOSE: Role.MEMBER,
    Right.REVIEW: Role.REVIEWER,
    Right.ADMINISTER: Role.ADMIN,
}
RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person in one workspace. `scope` is narrower than the role for a limited token."""

    id: int
    name: str
    role: Role
    workspace_id: int
    scope: Right | None = None

    def has(self, right: Right) -> bool:
        """Return whether the role, and the token's scope if there is one, include the right."""
        least = RANK[LEAST_ROLE[right]]
        scoped = self.scope is None or least <= RANK[LEAST_ROLE[self.scope]]
        return scoped and RANK[self.role] >= least


def check_right(actor: Actor, right: Right) -> None:
    """Raise ForbiddenError unless the actor has the right."""
    if actor.has(right):
        return
    if RANK[actor.role] >= RANK[LEAST_ROLE[right]]:
        raise ForbiddenError(
            "The scope of this token does not allow this.", hint="Create a token with a wider scope."
        )
    raise ForbiddenError(
        f"Your role is {actor.role}. You need the role {LEAST_ROLE[right]} to {right.value}.",
        hint="Ask an administrator of the workspace for the role.",
    )


def may_see(actor: Actor, *, status: str, author_id: int) -> bool:
    """Return whether a version may be seen: drafts by their author, pending ones also by reviewers."""
    if status not in {"draft", "pending"} or author_id == actor.id:
        return True
    return status == "pending" and actor.has(Right.REVIEW)


def check_visible(actor: Actor, *, status: str, author_id: int) -> None:
    """Raise NotFoundError for a version that the actor may not see."""
    if not may_see(actor, status=status, author_id=author_id):
        raise NotFoundError("There is no such version.", hint="Check the name and the number.")
