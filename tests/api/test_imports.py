"""`POST /api/v1/imports`: a process reports with its ticket, and nothing else is needed or accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from support.imports import know_modules
from support.people import person, published

from assay.core.roles import Role
from assay.flow.access import find_version
from assay.flow.usage.recording import recording_variables
from assay.store.models import Event, ImportSession, LibraryUse

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
