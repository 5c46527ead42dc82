"""Accounts, roles and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import PASSWORD, person

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError
from assay.core.roles import Actor, Right, Role
from assay.flow import people
from assay.flow.authentication import holder_of_token
from assay.store.models import ApiToken, Event, Membership, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Actor:
    """Return the only administrator."""
    return person("root", Role.ADMIN)


@pytest.mark.parametrize(
    ("name", "password"),
    [("Ana", PASSWORD), ("1a", PASSWORD), ("", PASSWORD), ("eva", "short"), ("eva", "password1")],
)
def test_an_account_needs_a_valid_name_and_a_strong_password(admin: Actor, name: str, password: str) -> None:
    """Otherwise there is none."""
    with pytest.raises(InvalidInputError):
        people.create_person(name, password, Role.MEMBER)
    assert list(Person.objects.values_list("username", flat=True)) == [admin.name]


def test_a_user_name_is_used_once(admin: Actor) -> None:
    """The second account of a name is refused, and the first keeps its role."""
    with pytest.raises(ConflictError):
        people.create_person(admin.name, PASSWORD, Role.VIEWER)
    assert Membership.objects.get(person__username=admin.name).role == Role.ADMIN


def test_a_new_password_replaces_the_old_one(admin: Actor) -> None:
    """A weak one changes nothing."""
    people.set_password(admin.name, "another-long-password-2")
    assert people.find_person(admin.name).check_password("another-long-password-2")
    with pytest.raises(InvalidInputError):
        people.set_password(admin.name, "123")
    with pytest.raises(NotFoundError):
        people.set_password("nobody", "another-long-password-2")
    assert people.find_person(admin.name).check_password("another-long-password-2")


def test_a_role_is_given_to_known_people_in_known_workspaces(admin: Actor) -> None:
    """The error names what is missing."""
    with pytest.raises(NotFoundError, match="person 'nobody'"):
        people.set_role("nobody", Role.MEMBER)
    with pytest.raises(NotFoundError, match="workspace 'nowhere'"):
        people.set_role(admin.name, Role.MEMBER, "nowhere")
    with pytest.raises(NotFoundError):
        people.find_workspace("nowhere")


def test_the_last_administrator_stays(admin: Actor) -> None:
    """Until another one is there; unknown roles and people are refused."""
    person("ben", Role.REVIEWER)
    with pytest.raises(ConflictError):
        people.change_role(admin, admin.name, "member")
    with pytest.raises(InvalidInputError):
        people.change_role(admin, "ben", "king")
    with pytest.raises(NotFoundError):
        people.change_role(admin, "nobody", "member")
    people.change_role(admin, "ben", "admin")
    people.change_role(admin, "ben", "admin")
    assert Event.objects.filter(name="member.set", detail__role="admin", detail__person="ben").count() == 1
    people.change_role(admin, admin.name, "member")
    assert Membership.objects.get(person__username=admin.name).role == "member"


def test_workspace_settings_are_checked_and_recorded(admin: Actor) -> None:
    """Values that make no sense are refused; reading changes nothing and records nothing."""
    before = Event.objects.count()
    assert people.set_workspace("default", {})["approvals"] == 1
    assert Event.objects.count() == before
    assert people.set_workspace("default", {"approvals": 2, "require_sandbox": True})["require_sandbox"] is True
    with pytest.raises(InvalidInputError):
        people.set_workspace("default", {"approvals": 99})
    assert people.set_workspace("default", {})["approvals"] == 2
    assert Event.objects.filter(name="workspace.set", actor="assay").count() == 1
    assert admin.workspace_id


def test_a_token_has_a_name_and_a_limited_life(admin: Actor) -> None:
    """Its secret is stored as a hash only."""
    owner = people.find_person(admin.name)
    for name, days in (("", 1), (" ", 1), ("x" * 101, 1), ("ci", 0), ("ci", 367)):
        with pytest.raises(InvalidInputError):
            people.create_token(owner, name, days=days)
    token = people.create_token(owner, "ci", scope=Right.SEE, days=1)
    assert token.secret not in str(ApiToken.objects.values().get())
    holder = holder_of_token(token.secret)
    assert (holder.id, holder.name, holder.scope) == (owner.pk, admin.name, Right.SEE)
    used = ApiToken.objects.get().used_at
    holder_of_token(token.secret)
    assert ApiToken.objects.get().used_at == used


def test_a_token_ends(admin: Actor) -> None:
    """Revoked, expired, of a closed account, or unknown: all are refused alike."""
    owner = people.find_person(admin.name)
    revoked, expired = people.create_token(owner, "one"), people.create_token(owner, "two")
    people.revoke_token(owner, revoked.record.pk)
    ApiToken.objects.filter(pk=expired.record.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    for secret in (revoked.secret, expired.secret, "assay_unknown"):
        with pytest.raises(NotSignedInError):
            holder_of_token(secret)
    with pytest.raises(NotFoundError):
        people.revoke_token(owner, revoked.record.pk)
    live = people.create_token(owner, "three")
    Person.objects.filter(pk=owner.pk).update(is_active=False)
    with pytest.raises(NotSignedInError):
        holder_of_token(live.secret)
    with pytest.raises(NotFoundError):
        people.find_person(admin.name)


def test_an_email_address_is_checked(admin: Actor) -> None:
    """An empty one is allowed."""
    owner = people.find_person(admin.name)
    with pytest.raises(InvalidInputError):
        people.set_mail(owner, "not an address", wanted=True)
    people.set_mail(owner, "root@example.org", wanted=True)
    people.set_mail(owner, "", wanted=False)
    assert people.find_person(admin.name).email == ""
