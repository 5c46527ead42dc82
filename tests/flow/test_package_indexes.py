"""Package sources: administrators only, secrets encrypted and never shown, every change in the trail."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from support.people import person
from support.receivers import http_receiver

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Right, Role
from assay.flow.package_indexes import (
    IndexInput,
    add_index,
    change_index,
    check_connection,
    indexes_in,
    list_indexes,
    remove_index,
)
from assay.flow.people import create_token, find_person
from assay.store.models import Event, PackageIndex

pytestmark = pytest.mark.django_db
OWN = IndexInput(
    name="own", url="https://packages.example.com/simple/", patterns=("acme-*",), username="bot", password="hunter2"
)


def test_a_source_is_added_changed_and_removed_in_the_trail() -> None:
    """The secret is kept encrypted, given to the engine, kept when it is left empty, and in no event."""
    admin = person("admin", Role.ADMIN)
    add_index(admin, OWN)
    row = PackageIndex.objects.get()
    assert "hunter2" not in row.secret
    found = indexes_in(admin.workspace_id)
    assert found.credentials == {"own": ("bot", "hunter2")}
    assert [(one.name, one.url, one.patterns, one.trusted) for one in found.others] == [
        ("own", "https://packages.example.com/simple", ("acme-*",), False)
    ]
    assert found.index.trusted
    change_index(admin, "own", IndexInput(name="own", url=OWN.url, patterns=("acme-*", "geo-*"), username="bot"))
    assert indexes_in(admin.workspace_id).credentials == {"own": ("bot", "hunter2")}
    change_index(admin, "own", IndexInput(name="own", url=OWN.url, patterns=("acme-*",)))
    assert indexes_in(admin.workspace_id).credentials == {}
    remove_index(admin, "own")
    events = [event for event in Event.objects.order_by("sequence") if event.name.startswith("source.")]
    assert [event.name for event in events] == ["source.added", "source.changed", "source.changed", "source.removed"]
    assert "hunter2" not in json.dumps([event.detail for event in events])


def test_one_default_one_name_and_only_administrators() -> None:
    """A second default or the same name is a conflict; a reviewer may not even look."""
    admin, ben = person("admin", Role.ADMIN), person("ben", Role.REVIEWER)
    add_index(admin, IndexInput(name="mirror", url="https://mirror.example.com/simple", is_default=True))
    assert indexes_in(admin.workspace_id).index.name == "mirror"
    with pytest.raises(ConflictError):
        add_index(admin, IndexInput(name="other", url="https://other.example.com/simple", is_default=True))
    add_index(admin, OWN)
    with pytest.raises(ConflictError):
        add_index(admin, OWN)
    with pytest.raises(InvalidInputError):
        add_index(admin, IndexInput(name="all", url=OWN.url, patterns=("*",)))
    for act in (lambda: add_index(ben, OWN), lambda: list_indexes(ben), lambda: remove_index(ben, "own")):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(NotFoundError):
        remove_index(admin, "unknown")


def test_a_silent_source_is_told_in_words() -> None:
    """The test of a connection says what is wrong, also when the address is private."""
    admin = person("admin", Role.ADMIN)
    add_index(admin, IndexInput(name="inside", url="https://localhost:9/simple", patterns=("acme-*",)))
    assert "private address" in check_connection(admin, "inside")


def test_the_api_takes_secrets_and_never_gives_them() -> None:
    """Write-only: a listing says that there is one."""
    person("admin", Role.ADMIN)
    secret = create_token(find_person("admin"), "tests", scope=Right.ADMINISTER).secret
    client, root = Client(headers={"authorization": f"Bearer {secret}"}), "/api/v1/workspaces/default/sources"
    given = {"name": "own", "url": OWN.url, "patterns": ["acme-*"], "username": "bot", "password": "hunter2"}
    assert client.post(root, given, content_type="application/json").status_code == 201
    answer = client.get(root)
    assert answer.json()["items"][0]["has_password"] is True
    assert b"hunter2" not in answer.content
    bad = client.put(f"{root}/own", {**given, "url": "ftp://x"}, content_type="application/json")
    assert (bad.status_code, bad.json()["path"]) == (422, "url")
    assert client.delete(f"{root}/own").status_code == 204


def test_a_name_that_is_taken_is_refused_and_the_index_stays_as_it_was() -> None:
    """Changing one into another's name, or into a second default, is a conflict."""
    admin = person("admin", Role.ADMIN)
    add_index(admin, OWN)
    add_index(admin, IndexInput(name="other", url="https://other.example.com/simple", patterns=("geo-*",)))
    with pytest.raises(ConflictError) as caught:
        change_index(admin, "other", OWN)
    assert caught.value.path == "name"
    assert [one.name for one in list_indexes(admin)] == ["own", "other"]
    assert Event.objects.filter(name="source.changed").count() == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "Connected. It responds like a package index."),
        (404, "Connected. It responds like a package index."),
        (401, "It refused the sign-in (status 401)."),
        (403, "It refused the sign-in (status 403)."),
        (500, "It responded with status 500. Check the address"),
    ],
)
def test_a_connection_is_told_in_words(status: int, words: str) -> None:
    """Each answer has its sentence, with what to do."""
    admin = person("admin", Role.ADMIN)
    with http_receiver() as server:
        server.status = status
        address = server.url.removesuffix("/hook")
        add_index(admin, IndexInput(name="inside", url=address, patterns=("acme-*",), allow_private=True))
        assert check_connection(admin, "inside").startswith(words)
        assert set(server.paths) == {"/assay-connection-test/"}
