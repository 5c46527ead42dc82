"""`POST /api/v1/imports`: a process reports with its ticket, and nothing else is needed or accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from support.caller import Caller
from support.imports import know_modules
from support.index import LocalIndex
from support.people import person, published

from assay.core.roles import Role
from assay.flow.access import find_version
from assay.flow.usage.recording import recording_variables
from assay.store.models import Event, ImportSession, LibraryUse, Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> str:
    """Return the ticket of a session in a published version."""
    ana = person("ana")
    made = published(ana, person("ben", Role.REVIEWER), "lab", ["pandas"], {"pandas": "1.0"})
    know_modules(made, {"pandas": "pandas"})
    return recording_variables(find_version(ana, "lab", 1), "http://x")["ASSAY_IMPORTS"].split(" ")[2]


def post(ticket: str, body: bytes, **more: Any) -> Any:  # noqa: ANN401 - a response
    """Report."""
    client = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {ticket}", "host": "127.0.0.1"})
    return client.generic("POST", "/api/v1/imports", body, content_type="application/json", **more)


def test_a_report_is_counted_without_a_person(ticket: str) -> None:
    """202; the rows and the audit log know no person and no event of it."""
    events = Event.objects.count()
    answer = post(ticket, json.dumps({"modules": ["pandas", "secret_project"]}).encode())
    assert (answer.status_code, answer.json()) == (202, {})
    assert dict(LibraryUse.objects.values_list("library", "sessions")) == {"": 1, "pandas": 1}
    assert ImportSession.objects.get().libraries == ["pandas"]
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"modules": "pandas"}', b'{"modules": [1]}', b'{"modules": null}', b"\xff"]
)
def test_what_is_no_report_is_refused(ticket: str, body: bytes) -> None:
    """422 as a problem document."""
    answer = post(ticket, body)
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert not LibraryUse.objects.exists()


def test_who_shows_no_ticket_is_refused(ticket: str) -> None:
    """401, for a made-up one too; a person's token is none."""
    for wrong in ("", "assay_token", ticket + "x"):
        assert post(wrong, b'{"modules": []}').status_code == 401


def test_a_huge_report_is_refused_unread(ticket: str) -> None:
    """413, also where it only says that it is huge."""
    huge = json.dumps({"modules": ["m" * 100] * 5000}).encode()
    assert post(ticket, huge).status_code == 413
    assert post(ticket, b'{"modules": []}', CONTENT_LENGTH="9" * 12).status_code == 413
    assert not LibraryUse.objects.exists()


def test_it_is_for_reports_only(ticket: str) -> None:
    """405 for anything else."""
    assert ticket
    assert Client(headers={"host": "127.0.0.1"}).get("/api/v1/imports").status_code == 405


@pytest.fixture
def lab(settings: Any) -> Iterator[Caller]:  # noqa: ANN401 - pytest-django's settings
    """Return a member; lab@1 has pandas and plot, of which only pandas is imported."""
    index = LocalIndex()
    index.add("pandas")
    index.add("plot")
    settings.INDEX_URL = index.url
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    made = published(ana, ben, "lab", ["pandas", "plot"], {"pandas": "1.0", "plot": "1.0"})
    know_modules(made, {"pandas": "pandas", "plot": "plot"}, plot=7)
    yield Caller(ana)
    index.close()


def report(*modules: str) -> None:
    """Report from a new session in lab@1."""
    version = Version.objects.select_related("lock", "environment__workspace").get(environment__slug="lab", number=1)
    words = recording_variables(version, "http://x")["ASSAY_IMPORTS"].split(" ")
    assert post(words[2], json.dumps({"modules": modules}).encode()).status_code == 202


def test_rows_of_libraries_say_how_often_they_are_imported(lab: Caller) -> None:
    """`of` 0: nothing is known; then sessions, all of them, and the last day."""
    path = "/environments/lab/versions/1/libraries"
    none = {"sessions": 0, "of": 0, "last": None}
    assert [(one["imported"], one["unused"]) for one in lab.get(path).json()["items"]] == [(none, False)] * 2
    report("pandas")
    report()
    pandas, plot = lab.get(path).json()["items"]
    today = timezone.now().date().isoformat()
    assert (pandas["imported"], pandas["unused"]) == ({"sessions": 1, "of": 2, "last": today}, False)
    assert (plot["imported"], plot["unused"]) == ({"sessions": 0, "of": 2, "last": None}, True)


def test_a_slimmer_version_by_the_api(lab: Caller) -> None:
    """The plan, the draft of it, and what is refused: without sessions, of an old list, in a version of nobody."""
    path = "/environments/lab/versions/1/slim"
    assert lab.get(path).status_code == 409
    report("pandas")
    plan = lab.get(path).json()
    assert (plan["candidates"], plan["saved"], plan["count"], plan["libraries"]) == (["plot"], 7, 1, ["pandas"])
    assert [one["name"] for one in plan["drop"]] == ["plot"]
    made = lab.post(path, {"drop": ["plot"]})
    assert (made.status_code, made.json()["reference"], made.json()["slim"]["saved"]) == (201, "lab@2", 7)
    refused = lab.post(path, {"drop": ["pandas"]})
    assert (refused.status_code, refused.json()["path"]) == (409, "drop")
    assert lab.get(f"{path}?drop=pandas").status_code == 409
    assert lab.post("/environments/no/versions/1/slim").status_code == 404
    assert Caller(person("eve", Role.VIEWER)).post(path).status_code == 403
