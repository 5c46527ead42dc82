"""People, their roles in a workspace, and their tokens."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.maintenance.approval_validity import check_validity, validity_of
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.review.approval import ApprovalRules, check_rules
from assay.core.roles import Actor, Right, Role, check_right
from assay.flow.authentication import hash_of
from assay.flow.maintenance.rollouts import check_for
from assay.store.audit_log import record
from assay.store.models import ApiToken, Membership, Person, Workspace

USERNAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
TOKEN_PREFIX = "assay_"  # noqa: S105 - lets secret scanners recognise tokens of Assay; not a secret itself
LONGEST = 366  # days until a token expires
DEMANDS = (
    "require_sandbox",
    "allow_sdists",
    "self_approval",
    "personal_overlays",
    "record_imports",
    "rebase_automatically",
)
APPROVAL = ("approvals", "approval_groups", "auto_approve", "rollout")
VALIDITY = {"approval_days": "days", "approval_days_by_tag": "tags", "approval_refuse": "refuse"}


@dataclass(frozen=True, kw_only=True)
class NewToken:
    """A new token. `secret` is shown once and stored only as a hash."""

    record: ApiToken
    secret: str


def ensure_workspace(slug: str = "default", title: str = "Default workspace") -> Workspace:
    """Return the workspace, creating it at the first start."""
    return Workspace.objects.get_or_create(slug=slug, defaults={"title": title})[0]


def find_workspace(slug: str) -> Workspace:
    """Return a workspace. Raises NotFoundError."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise NotFoundError(f"There is no workspace {slug[:40]!r}.", hint="Check the name.")
    return workspace


def set_workspace(slug: str, changes: dict[str, Any], by: str = "assay") -> dict[str, Any]:
    """Change settings of a workspace, and return all of them. Raises NotFoundError, InvalidInputError."""
    workspace = find_workspace(slug)
    if "rollout" in changes:
        changes = changes | {"rollout": check_for(workspace.pk, RolloutPlan.from_dict(changes["rollout"])).to_dict()}
    columns = _columns(workspace, changes)
    for name, value in columns.items():
        setattr(workspace, name, value)
    check_rules(ApprovalRules(approvals=workspace.approvals, groups=tuple(workspace.approval_groups)))
    with transaction.atomic():
        if changes:
            Workspace.objects.filter(pk=workspace.pk).update(**columns)
            record(EventName.WORKSPACE_SET, workspace_id=workspace.pk, actor=by, detail=dict(changes))
    workspace.refresh_from_db()
    validity = validity_of(workspace.approval_validity).to_dict()
    shown = {name: getattr(workspace, name) for name in (*DEMANDS, *APPROVAL)}
    return shown | {name: validity[part] for name, part in VALIDITY.items()}


def _columns(workspace: Workspace, changes: dict[str, object]) -> dict[str, object]:
    """Return the columns that settings are stored in; the validity of approvals is one document."""
    given: dict[str, Any] = {part: changes[name] for name, part in VALIDITY.items() if name in changes}
    columns = {name: value for name, value in changes.items() if name not in VALIDITY}
    if given:
        parts = validity_of(workspace.approval_validity).to_dict() | given
        validity = check_validity(parts["days"], parts["tags"], refuse=parts["refuse"])
        columns["approval_validity"] = validity.to_dict()
    return columns


def create_person(name: str, password: str, role: Role, workspace: str = "default", by: str = "assay") -> Person:
    """Create an account with a role. Raises InvalidInputError or ConflictError."""
    if not USERNAME.fullmatch(name):
        raise InvalidInputError(
            f"{name[:40]!r} is not a user name.",
            hint="1 to 32 characters: a lower-case letter, then letters, digits or hyphens.",
            path="name",
        )
    check_password(password)
    try:
        with transaction.atomic():
            person = Person.objects.create_user(username=name, password=password)
            set_role(name, role, workspace, by=by)
    except IntegrityError as error:
        raise ConflictError(
            f"There is an account {name} already.", hint="Choose another name.", path="name"
        ) from error
    return person


def check_password(password: str) -> None:
    """Raise InvalidInputError for a password that is too short or too common."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise InvalidInputError(" ".join(error.messages), hint="Choose a longer one.", path="password") from error


def set_password(name: str, password: str) -> None:
    """Set a person's password; their sessions end."""
    person = find_person(name)
    check_password(password)
    person.set_password(password)
    person.save()


def set_role(name: str, role: Role, workspace: str = "default", by: str = "assay") -> None:
    """Make a person a member of a workspace, or change their role. Raises NotFoundError."""
    person = Person.objects.filter(username=name).first()
    target = Workspace.objects.filter(slug=workspace).first()
    if person is None or target is None:
        missing = f"person {name!r}" if person is None else f"workspace {workspace!r}"
        raise NotFoundError(f"There is no {missing}.", hint="Check the name.")
    with transaction.atomic():
        Membership.objects.update_or_create(workspace=target, person=person, defaults={"role": role})
        record(
            EventName.MEMBER_SET,
            workspace_id=target.pk,
            actor=by,
            detail={"person": name, "role": str(role)},
        )


def change_role(actor: Actor, name: str, role: str) -> None:
    """Change a member's role. Raises InvalidInputError, NotFoundError, ConflictError for the last administrator."""
    check_right(actor, Right.ADMINISTER)
    if role not in list(Role):
        raise InvalidInputError(f"{role[:40]!r} is not a role.", hint=f"One of {', '.join(Role)}.", path="role")
    rows = Membership.objects.filter(workspace_id=actor.workspace_id)
    found = rows.filter(person__username=name).select_related("workspace").first()
    if found is None:
        raise NotFoundError(f"There is no member {name[:40]!r}.", hint="Check the name.")
    others = rows.filter(role=Role.ADMIN).exclude(pk=found.pk)
    if found.role == Role.ADMIN and role != Role.ADMIN and not others.exists():
        raise ConflictError("The workspace needs at least one admin.", hint="Make somebody else admin first.")
    if found.role != role:
        set_role(name, Role(role), found.workspace.slug, by=actor.name)


def create_token(person: Person, name: str, *, scope: Right = Right.ADMINISTER, days: int = 90) -> NewToken:
    """Create a token limited by the scope and by the person's role, which expires after `days` days."""
    if not name.strip() or len(name) > 100:  # noqa: PLR2004 - the column's width
        raise InvalidInputError("A token needs a name.", hint="Say where it is used.", path="name")
    if not 1 <= days <= LONGEST:
        raise InvalidInputError(f"A token expires after 1 to {LONGEST} days.", hint="Choose fewer days.", path="days")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    now = timezone.now()
    token = ApiToken.objects.create(
        person=person,
        name=name.strip(),
        scope=scope.name,
        hint=secret[: len(TOKEN_PREFIX) + 4],
        secret_hash=hash_of(secret),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    _record_own(person, EventName.TOKEN_CREATED, token=token.name, scope=token.scope, days=days)
    return NewToken(record=token, secret=secret)


def set_mail(person: Person, address: str, *, wanted: bool) -> None:
    """Set a person's email address and whether notifications are mailed to it. Raises InvalidInputError."""
    try:
        if address:
            validate_email(address)
    except ValidationError as error:
        raise InvalidInputError(
            f"{address[:60]!r} is not an email address.", hint="Write name@host.", path="email"
        ) from error
    Person.objects.filter(pk=person.pk).update(email=address, email_notifications=wanted)


def revoke_token(person: Person, token_id: int) -> None:
    """Revoke a token of the person. Raises NotFoundError."""
    if not ApiToken.objects.filter(pk=token_id, person=person, revoked_at=None).update(revoked_at=timezone.now()):
        raise NotFoundError("You have no such token.", hint="Load the page again.")
    _record_own(person, EventName.TOKEN_REVOKED, token=token_id)


def _record_own(person: Person, name: EventName, **detail: object) -> None:
    """Record an event of a person's own account in each of their workspaces."""
    with transaction.atomic():
        for membership in person.memberships.all():
            record(name, workspace_id=membership.workspace_id, actor=person.get_username(), detail=detail)


def find_person(name: str) -> Person:
    """Return an active account. Raises NotFoundError."""
    person = Person.objects.filter(username=name, is_active=True).first()
    if person is None:
        raise NotFoundError(
            f"There is no account {name[:40]!r}.", hint="Check the name, or create the account first."
        )
    return person
