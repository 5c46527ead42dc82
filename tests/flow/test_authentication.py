"""Who a request stands for is read anew each time, with one statement."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from support.people import PASSWORD, person

from assay.core.errors import NotFoundError
from assay.core.roles import Actor, Right, Role
from assay.flow import people
from assay.flow.authentication import holder_of_token, signed_in
from assay.store.models import Membership, Person
from assay.store.sessions import SessionStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member of two workspaces."""
    people.ensure_workspace("maps", "Maps")
    found = person("ana", Role.REVIEWER)
    people.set_role("ana", Role.VIEWER, "maps")
    return found


def session_of(name: str, client: Client | None = None) -> SessionStore:
    """Sign a person in, and return their session."""
    client = client or Client()
    assert client.login(username=name, password=PASSWORD)
    return SessionStore(client.session.session_key)


def test_a_token_gives_the_role_of_each_workspace(ana: Actor) -> None:
    """One statement says who it is, which scope the token has, and what they may do where."""
    secret = people.create_token(people.find_person("ana"), "ci", scope=Right.COMPOSE).secret
    holder_of_token(secret)
    with CaptureQueriesContext(connection) as queries:
        holder = holder_of_token(secret)
    assert len(queries) == 1
    own = holder.actor_in("default")
    assert (own.id, own.name, own.role, own.workspace_id) == (ana.id, "ana", Role.REVIEWER, ana.workspace_id)
    assert own.scope is Right.COMPOSE
    assert holder.actor_in("maps").role is Role.VIEWER
    with pytest.raises(NotFoundError):
        holder.actor_in("other")


def test_a_change_of_role_counts_at_the_next_request(ana: Actor) -> None:
    """Nothing of a person is kept between two requests."""
    secret = people.create_token(people.find_person("ana"), "ci").secret
    session = session_of("ana")
    people.set_role("ana", Role.MEMBER)
    assert holder_of_token(secret).actor_in("default").role is Role.MEMBER
    found = signed_in(session)
    assert found is not None
    assert found.membership is not None
    assert found.membership.role == Role.MEMBER
    Membership.objects.filter(person_id=ana.id).delete()
    with pytest.raises(NotFoundError):
        holder_of_token(secret).actor_in("default")
    found = signed_in(session)
    assert found is not None
    assert found.membership is None


def test_a_session_is_a_person_with_their_first_workspace(ana: Actor) -> None:
    """Two statements: the session, then the person with membership and workspace."""
    key = session_of("ana").session_key
    signed_in(SessionStore(key))
    with CaptureQueriesContext(connection) as queries:
        found = signed_in(SessionStore(key))
        assert found is not None
        assert found.membership is not None
        assert (found.person.username, found.membership.workspace.slug) == ("ana", "default")
    assert len(queries) == 2
    assert signed_in(SessionStore("unknown")) is None
    assert signed_in(SessionStore()) is None
    assert found.person.pk == ana.id


def test_a_session_ends_with_the_account_the_password_or_the_person(ana: Actor) -> None:
    """As Django does it: a session of an old password is removed."""
    session = session_of("ana")
    Person.objects.filter(pk=ana.id).update(is_active=False)
    assert signed_in(session) is None
    Person.objects.filter(pk=ana.id).update(is_active=True)
    assert signed_in(session) is not None
    people.set_password("ana", "another-long-password-1")
    assert signed_in(session) is None
    assert session.get("_auth_user_id") is None
    again = SessionStore()
    again.update(
        {"_auth_user_id": "123456", "_auth_user_backend": "allauth.account.auth_backends.AuthenticationBackend"}
    )
    assert signed_in(again) is None
    again["_auth_user_backend"] = "somewhere.Else"
    assert signed_in(again) is None


def test_pages_follow_the_session(ana: Actor) -> None:
    """A page opens for a member, and not any more at the next request after they were removed."""
    client = Client(headers={"host": settings.PUBLIC_HOST})
    session_of("ana", client)
    assert client.get("/environments/").status_code == 200
    Membership.objects.filter(person_id=ana.id).delete()
    assert client.get("/environments/").status_code == 404
    people.set_password("ana", "another-long-password-1")
    assert client.get("/environments/").status_code == 302
