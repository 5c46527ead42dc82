"""The people of an installation, their workspaces, roles and team groups."""

from __future__ import annotations

import random
from dataclasses import dataclass

from assay.core.roles import Role
from assay.flow.people import ensure_workspace
from assay.store.models import Membership, Person
from installation.bulk import Table, next_id
from installation.size import Size

# Slug, title, and the share of the environments and of the people.
WORKSPACES = (("default", "Default workspace", 0.90), ("research", "Research", 0.07), ("trials", "Trials", 0.03))
NAMES = (
    "ada",
    "bela",
    "cora",
    "dana",
    "edda",
    "fritz",
    "greta",
    "hanna",
    "ivan",
    "jana",
    "karl",
    "lena",
    "mira",
    "nora",
    "otto",
    "paul",
    "rosa",
    "sven",
    "tina",
    "ute",
)
ROLES = ((Role.ADMIN, 0.005), (Role.REVIEWER, 0.04), (Role.VIEWER, 0.15))  # the others are members
GROUPS = 40
OTHERS = 0.08  # the share of the people who are also in another workspace


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person in a workspace."""

    pk: int
    name: str
    role: Role
    group: str


def write_people(size: Size, dice: random.Random) -> dict[int, list[Member]]:
    """Write accounts without a password and their memberships; return the members of each workspace by its id.

    They sign in elsewhere. The first members of a workspace are an administrator, a reviewer and a member.
    """
    first = next_id(Person)
    names = [f"{NAMES[at % len(NAMES)]}-{at:05}" for at in range(size.people)]
    people = Table(Person, "id", "username", "password", "email")
    people.write((first + at, name, "!", f"{name}@example.org") for at, name in enumerate(names))
    found: dict[int, list[Member]] = {}
    begin = 0.0
    for slug, title, share in WORKSPACES:
        workspace = ensure_workspace(slug, title).pk
        chosen = set(range(int(begin * size.people), int((begin + share) * size.people)))
        chosen |= {at for at in range(size.people) if dice.random() < OTHERS} if slug != "default" else set()
        begin += share
        roles = [Role.ADMIN, Role.REVIEWER, Role.MEMBER]
        found[workspace] = [
            Member(
                pk=first + at,
                name=names[at],
                role=roles[place] if place < len(roles) else _role(dice),
                group=f"team-{dice.randrange(GROUPS):02}",
            )
            for place, at in enumerate(sorted(chosen))
        ]
    memberships = Table(Membership, "workspace", "person", "role", "groups")
    memberships.write((pk, one.pk, str(one.role), [one.group]) for pk, members in found.items() for one in members)
    return found


def _role(dice: random.Random) -> Role:
    left = dice.random()
    for role, share in ROLES:
        left -= share
        if left < 0:
            return role
    return Role.MEMBER
