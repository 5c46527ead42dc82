"""The owner of an environment: give it to another member."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, ForbiddenError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right
from assay.flow.access import find_environment
from assay.store.audit_log import record_version
from assay.store.models import Environment, Membership, Person, Version
from assay.store.sort_columns import write_shown

OFFERED = 500  # members that a page offers as owners; others are typed


def may_give(actor: Actor, environment: Environment) -> bool:
    """Return whether the actor may give an environment to somebody else: its owner or an administrator."""
    return actor.has(Right.ADMINISTER) or (environment.owner_id == actor.id and actor.has(Right.COMPOSE))


def check_giving(actor: Actor, environment: Environment) -> Version:
    """Return the version whose history gets the event.

    Raises ForbiddenError for anybody but the owner and administrators, ConflictError if nothing is published.
    """
    if not may_give(actor, environment):
        raise ForbiddenError(
            f"Only its owner or an administrator may give {environment.slug} to somebody else.",
            hint=f"Ask {environment.owner.get_username()} or an administrator.",
        )
    if environment.active is None:
        raise ConflictError(
            f"{environment.slug} has no published version.", hint="Publish a version first.", path="environment"
        )
    return environment.active


def find_member(actor: Actor, name: str) -> Person:
    """Return an active member of the workspace. Raises NotFoundError."""
    found = Membership.objects.filter(
        workspace_id=actor.workspace_id, person__username=name.strip(), person__is_active=True
    )
    member = found.select_related("person").first()
    if member is None:
        raise NotFoundError(f"There is no member {name.strip()[:40]!r}.", hint="Check the name.", path="owner")
    return member.person


def members(actor: Actor) -> list[str]:
    """Return the user names of the active members who can be owners, at most `OFFERED`: one query."""
    found = Membership.objects.filter(workspace_id=actor.workspace_id, person__is_active=True)
    return list(found.order_by("person__username").values_list("person__username", flat=True)[:OFFERED])


def give_environment(actor: Actor, slug: str, to: str, *, seen: str | None = None) -> Environment:
    """Make a member the owner of an environment; both owners are notified.

    `seen` is the owner that the caller saw: ConflictError when it is another one by now, and for the same owner.
    """
    environment = find_environment(actor, slug)
    version = check_giving(actor, environment)
    person, before = find_member(actor, to), environment.owner.get_username()
    if seen is not None and seen != before:
        raise ConflictError(f"{slug} belongs to {before} now.", hint="Load the page again.", path="owner")
    if person.pk == environment.owner_id:
        raise ConflictError(f"{slug} belongs to {before} already.", hint="Choose another member.", path="owner")
    with transaction.atomic():
        rows = Environment.objects.filter(pk=environment.pk, owner_id=environment.owner_id)
        if not rows.update(owner=person, updated_at=timezone.now()):
            raise ConflictError(f"{slug} was given to somebody else meanwhile.", hint="Load the page again.")
        write_shown(Environment.objects.filter(pk=environment.pk))
        owner = person.get_username()
        record_version(EventName.ENVIRONMENT_OWNER_SET, version, actor.name, before=before, owner=owner)
    return find_environment(actor, slug)
