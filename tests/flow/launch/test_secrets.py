"""Secrets of people: encrypted at rest, listed without values, given to runs by name."""

from __future__ import annotations

import pytest
from support.people import person

from assay.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.launch import secrets
from assay.store.models import Event, Secret

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def test_a_secret_is_stored_encrypted_and_replaced(ana: Actor) -> None:
    """A run gets the newest value; the row holds no clear text; events name it and nothing more."""
    secrets.set_secret(ana, "TOKEN", "first-value")
    secrets.set_secret(ana, "TOKEN", "second-value")
    assert secrets.secret_values(ana.workspace_id, ana.id, ["TOKEN"]) == {"TOKEN": "second-value"}
    assert "second-value" not in str(Secret.objects.values_list("encrypted_value", flat=True).get())
    details = list(Event.objects.filter(name="secret.set").values_list("detail", flat=True))
    assert details == [{"secret": "TOKEN"}] * 2


def test_a_secret_belongs_to_its_owner(ana: Actor) -> None:
    """Somebody else neither sees it nor deletes it, nor names it in a project."""
    secrets.set_secret(ana, "TOKEN", "first-value")
    eve = person("eve")
    assert [one.name for one in secrets.list_secrets(ana)] == ["TOKEN"]
    assert secrets.list_secrets(eve) == []
    secrets.check_secrets_exist(ana, ["TOKEN"])
    with pytest.raises(InvalidInputError):
        secrets.check_secrets_exist(eve, ["TOKEN"])
    with pytest.raises(NotFoundError):
        secrets.remove_secret(eve, "TOKEN")
    with pytest.raises(NotFoundError):
        secrets.secret_values(eve.workspace_id, eve.id, ["TOKEN"])


def test_a_deleted_secret_is_named_by_the_run_that_misses_it(ana: Actor) -> None:
    """The error says which one."""
    secrets.set_secret(ana, "TOKEN", "first-value")
    secrets.remove_secret(ana, "TOKEN")
    with pytest.raises(NotFoundError, match="TOKEN"):
        secrets.secret_values(ana.workspace_id, ana.id, ["TOKEN"])


@pytest.mark.parametrize("value", ["", "abc", "x" * (32 * 1024 + 1), "nul\0byte"])
def test_a_value_that_cannot_be_masked_is_refused(ana: Actor, value: str) -> None:
    """Too short, too long, or with a NUL: nothing is stored."""
    with pytest.raises(InvalidInputError):
        secrets.set_secret(ana, "TOKEN", value)
    assert not Secret.objects.exists()


def test_viewers_have_no_secrets() -> None:
    """Only who may compose has runs."""
    with pytest.raises(ForbiddenError):
        secrets.set_secret(person("vic", Role.VIEWER), "TOKEN", "first-value")
