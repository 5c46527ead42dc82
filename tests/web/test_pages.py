"""Pages without a browser: who sees them, at which host, with which headers, and what hostile words do."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client
from support.caller import Caller
from support.people import PASSWORD, built, draft, person

from assay.core.roles import Actor, Role
from assay.flow.people import find_person
from assay.flow.review import review
from assay.store.models import Environment, Version

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def visitor(actor: Actor) -> Client:
    """Return somebody who is signed in."""
    client = Client(headers={"host": "127.0.0.1"}, enforce_csrf_checks=True)
    client.force_login(find_person(actor.name), "allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def test_pages_ask_to_sign_in_and_come_back_only_here() -> None:
    """Nobody sees anything before; `next` does not lead to another site."""
    client = Client(headers={"host": "127.0.0.1"})
    for path in ("/environments/", "/new", "/launch/", "/servers/", "/admin/environments/", "/me/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")
    person("ana")
    given = {"login": "ana", "password": PASSWORD, "next": "https://evil.example/"}
    assert "evil" not in client.post("/account/login/?next=//evil.example", given)["Location"]


def test_every_page_carries_a_strict_policy(ana: Actor) -> None:
    """No inline script, no frame, no other origin; a request id to name in a report."""
    answer = visitor(ana).get("/environments/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Request-Id"]
    assert answer["X-Frame-Options"] == "DENY"


def test_another_host_name_leads_to_the_public_one(ana: Actor) -> None:
    """The Hub's host name shows no page of the desk, so no cookie of the desk is ever set there."""
    client = visitor(ana)
    moved = client.get("/environments/?q=x", headers={"host": "localhost:8000"})
    assert (moved.status_code, moved["Location"]) == (302, "http://127.0.0.1:8000/environments/?q=x")
    assert client.get("/healthz", headers={"host": "localhost:8000"}).status_code == 200
    assert client.get("/environments/", headers={"host": "evil.example"}).status_code == 400


def test_hostile_words_are_shown_as_text(ana: Actor, ben: Actor) -> None:
    """Titles, descriptions, notes and feedback are words on every page."""
    draft(ana, "geo")
    Environment.objects.update(title=HOSTILE, description=HOSTILE)
    digest = built(ana, "geo").digest
    review.submit(ana, "geo", 1, HOSTILE)
    pages = ["/environments/geo/1/", "/environments/geo/1/review", "/admin/environments/", "/admin/audit/"]
    for path in pages:
        assert HOSTILE not in visitor(ben).get(path).content.decode()
    review.reject(ben, "geo", 1, feedback=HOSTILE)
    review.submit(ana, "geo", 1, "")
    review.approve(ben, "geo", 1, digest=digest, note=HOSTILE)
    for path in ("/environments/", "/environments/geo/", "/environments/geo/1/?tab=history", "/launch/", *pages):
        text = visitor(ben).get(path).content.decode()
        assert HOSTILE not in text, path
        assert "<script>alert" not in text, path


def test_forms_from_elsewhere_are_refused(ana: Actor) -> None:
    """Without the token of the form nothing happens, and the page says what to do."""
    draft(ana, "geo")
    answer = visitor(ana).post("/environments/geo/1/delete")
    assert answer.status_code == 403
    assert "submit the form again" in answer.content.decode()
    assert Version.objects.exists()


def test_anothers_draft_is_not_found_on_any_page(ana: Actor, ben: Actor) -> None:
    """404, not 403: a page does not tell that there is something."""
    draft(ana, "geo")
    build = built(ana, "geo").build
    assert build is not None
    paths = ("/environments/geo/", "/environments/geo/1/", "/environments/geo/1/edit", "/environments/geo/1/lock")
    for path in (*paths, "/environments/geo/1/review", f"/builds/{build.pk}/", f"/builds/{build.pk}/log"):
        assert visitor(ben).get(path).status_code == 404, path
    assert "geo" not in visitor(ben).get("/environments/?status=draft").content.decode()


def test_viewers_and_members_are_told_what_they_may_not(ana: Actor) -> None:
    """403 with the reason and the role it takes."""
    told = visitor(ana).get("/admin/environments/")
    assert told.status_code == 403
    assert "reviewer" in told.content.decode()
    assert visitor(person("vic", Role.VIEWER)).get("/new").status_code == 403


def test_without_the_database_pages_say_so(ana: Actor) -> None:
    """On every page, with 503 and without asking the database for the page itself; the API says so as a problem."""
    browser, caller = visitor(ana), Caller(ana)
    browser.raise_request_exception = False
    assert browser.get("/environments/").status_code == 200

    def gone(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(gone):
        for path in ("/environments/", "/launch/", "/me/"):
            answer = browser.get(path)
            assert (answer.status_code, answer["Retry-After"]) == (503, "10"), path
            assert "The database does not respond" in answer.content.decode()
        answer = caller.client.get("/api/v1/workspaces/default/environments")
        assert (answer.status_code, answer["Retry-After"]) == (503, "10")
        assert answer.json()["title"]
    assert browser.get("/environments/").status_code == 200
