"""The editor's panel for a conflict: why, and the fixes as they are found, without what an earlier search found."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from support.index import LocalIndex
from support.people import person, visitor

from assay.core.errors import ConflictError
from assay.core.roles import Role
from assay.flow.compose.update_old import OldUpdate
from assay.web.studio import conflict

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Return ana's browser; the index has a conflict that one newer version ends."""
    index = LocalIndex()
    monkeypatch.setattr(settings, "INDEX_URL", index.url)
    index.add("shared", "1.0")
    index.add("shared", "2.0")
    index.add("app", "1.0", requires=("shared<2",))
    index.add("other", "3.0", requires=("shared>=2",))
    index.add("other", "3.5", requires=("shared",))
    index.add("scikit-learn", "1.7")
    yield visitor(person("ana"))
    index.close()


FIELDS = {"python": "3.11", "libraries": "app==1.0\nother==3.0"}


def polled(client: Client, text: str) -> str:
    """Ask for the fixes as the page does until it asks no more; return what it shows then."""
    end = time.monotonic() + 30
    while found := re.search(r'hx-get="([^"]+)"', text):
        assert time.monotonic() < end
        answer = client.get(found[1])
        assert answer.status_code in {200, 204}
        text = answer.content.decode() if answer.status_code == 200 else text
    return text


@pytest.mark.parametrize("sent", ["", "page", "page two", "page " + "9" * 50, "p" * 5000 + " 1"])
def test_a_request_of_an_odd_page_is_answered(client: Client, sent: str) -> None:
    """Whatever a page says of itself, its fields are resolved."""
    answer = client.post("/new/preview", {**FIELDS, "libraries": "app==1.0"}, headers={"Assay-Request": sent})
    assert "Resolves:" in answer.content.decode()


def test_fixes_arrive_as_they_are_found(client: Client) -> None:
    """First why, then each fix with what it would change; the page stops asking at the end."""
    answer = client.post("/new/preview", FIELDS)
    assert 'hx-post="/new/fixes"' in answer.content.decode()
    with CaptureQueriesContext(connection) as seen:
        text = client.post("/new/fixes", FIELDS).content.decode()
    assert len(seen) <= 10
    assert "Every version of <code>app</code> requires <code>shared&lt;2</code>" in text.replace("\n", "")
    assert "Looking for changes" in text
    ended = polled(client, text)
    assert "Use other&gt;=3.5 instead of other==3.0" in ended
    assert "other 3.0 → 3.5" in ended
    assert "Looking for" not in ended


def test_typing_on_ends_the_search(client: Client) -> None:
    """The earlier search shows nothing more, and nothing of another person."""
    text = client.post("/new/fixes", FIELDS).content.decode()
    address = re.search(r'hx-get="([^"]+)"', text)
    assert address
    assert visitor(person("ben")).get(address[1]).content == b""
    assert visitor(person("vera", Role.VIEWER)).get(address[1]).status_code == 403
    seen = client.post("/new/preview", {**FIELDS, "libraries": "app==1.0"}).content.decode()
    assert 'name="shown"' in seen
    assert client.get(address[1]).content == b""


def test_what_resolves_or_is_wrong_has_no_fixes(client: Client) -> None:
    """And an error of the spec itself is the preview's."""
    for libraries in ("app==1.0", "app>>1"):
        answer = client.post("/new/fixes", {**FIELDS, "libraries": libraries})
        assert not answer.content.decode().strip()


def test_the_last_preview_is_kept_beside_an_error(client: Client) -> None:
    """So the fixes are compared with what the author saw last."""
    good = client.post("/new/preview", {**FIELDS, "libraries": "app==1.0"}).content.decode()
    token = re.search(r'name="shown" value="([^"]+)"', good)
    assert token
    bad = client.post("/new/preview", {**FIELDS, "shown": token[1]}).content.decode()
    assert token[1] in bad
    ended = polled(client, client.post("/new/fixes", {**FIELDS, "shown": token[1]}).content.decode())
    assert "other 3.0 → 3.5" in ended


def test_a_whole_old_list_is_updated(client: Client) -> None:
    """With the old and the new version of each library, and what was left out; applied as fixes are."""
    assert 'hx-post="/new/update"' in client.post("/new/fixes", FIELDS).content.decode()
    libraries = "app==1.0\nother==3.0\nenum34\nsklearn==0.0"
    text = client.post("/new/update", {**FIELDS, "libraries": libraries}).content.decode()
    assert "<code>enum34</code> is part of Python since 3.4." in text
    assert "<code>sklearn==0.0</code> was renamed to scikit-learn." in text
    assert "other&gt;=3.5" in text
    assert 'data-into="libraries" data-clears="constraints" data-replaces>Use these libraries' in text
    nothing = client.post("/new/update", {**FIELDS, "libraries": "lost"}).content.decode()
    assert "lost: is in no package index of the workspace" in nothing
    assert client.get("/new/update").status_code == 405


def test_another_python_is_offered_first(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own button; a newer request makes this one silent."""
    found = OldUpdate(resolves=False, python="3.9", libraries=("app",), rows=(), removed=(), replaced=(), count=1)
    monkeypatch.setattr(conflict, "update_old", lambda *_: found)
    text = client.post("/new/update", FIELDS).content.decode()
    assert text.index("Use Python 3.9") < text.index("Use these libraries")

    def replaced(*_: object) -> OldUpdate:
        raise ConflictError("A newer request replaced this one.")

    monkeypatch.setattr(conflict, "update_old", replaced)
    assert client.post("/new/update", FIELDS).status_code == 204
