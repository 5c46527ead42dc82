"""Counting imports: by session, library and day; with a ticket, and only where the workspace wants it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import signing
from support.imports import know_modules
from support.people import draft, person, published

from assay.core.errors import ForbiddenError, NotFoundError, NotSignedInError
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.access import find_version
from assay.flow.people import set_workspace
from assay.flow.usage.recording import FOLDER, count_imports, recording_variables, remove_old
from assay.store.models import ImportSession, LibraryUse, Version

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIBRARIES = {"pandas": "pandas", "scikit-learn": "sklearn", "protobuf": "google.protobuf"}


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def lab(ana: Actor) -> Version:
    """Return a published version whose modules are known."""
    made = published(ana, person("ben", Role.REVIEWER), "lab", sorted(LIBRARIES), dict.fromkeys(LIBRARIES, "1.0"))
    know_modules(made, LIBRARIES)
    return find_version(ana, "lab", 1)


def ticket(version: Version) -> str:
    """Return the ticket of a new session."""
    with time_machine.travel(NOW, tick=False):
        return recording_variables(version, "http://127.0.0.1:1")["ASSAY_IMPORTS"].split(" ")[2]


def report(ticket: str, *modules: str, at: datetime = NOW) -> None:
    """Report at a moment."""
    with time_machine.travel(at, tick=False):
        count_imports(ticket, modules, at)


def counts() -> dict[tuple[str, str], int]:
    """Return the counted sessions by library and day."""
    return {(one.library, f"{one.day:%d}"): one.sessions for one in LibraryUse.objects.order_by("day", "library")}


def test_a_started_process_gets_a_ticket(lab: Version) -> None:
    """It names the environment, the address and the shared packages, and no person; each start is its own session."""
    found = recording_variables(lab, "http://127.0.0.1:8000/")
    digest, url, token, shared = found["ASSAY_IMPORTS"].split(" ")
    assert found["PYTHONPATH"] == str(FOLDER)
    assert (FOLDER / "sitecustomize.py").exists()
    assert (digest, url, shared) == (lab.digest, "http://127.0.0.1:8000/api/v1/imports", "-")
    pk, key = signing.loads(token, salt="assay.imports")
    assert (pk, len(key)) == (lab.pk, 32)
    assert ticket(lab) != ticket(lab)
    know_modules(lab, {"pandas": "pandas", "protobuf": "google.protobuf", "scikit-learn": "google"})
    lab.refresh_from_db()
    assert recording_variables(lab, "http://x")["ASSAY_IMPORTS"].endswith(" google")


def test_a_session_counts_once_for_each_library(lab: Version) -> None:
    """Repeated and growing reports of one session, of any of its processes, are one session."""
    first, second = ticket(lab), ticket(lab)
    report(first, "pandas", "mine", "os")
    report(first, "pandas")
    report(first, "sklearn", "google", at=NOW + timedelta(days=1))
    report(second)
    assert counts() == {("", "01"): 2, ("pandas", "01"): 1, ("scikit-learn", "01"): 1}
    report(second, "google.protobuf", "pandas")
    assert counts() == {("", "01"): 2, ("pandas", "01"): 2, ("protobuf", "01"): 1, ("scikit-learn", "01"): 1}
    kept = {one.key: one.libraries for one in ImportSession.objects.all()}
    assert sorted(kept.values()) == [["pandas", "protobuf"], ["pandas", "scikit-learn"]]


def test_a_session_of_months_counts_again(lab: Version) -> None:
    """An app that runs on stays in the figures of the last 90 days: it is a session again after 30 days."""
    app = ticket(lab)
    report(app, "pandas", "sklearn")
    report(app, "pandas", at=NOW + timedelta(days=29))
    report(app, "pandas", at=NOW + timedelta(days=30))
    assert counts() == {
        ("", "01"): 1,
        ("pandas", "01"): 1,
        ("scikit-learn", "01"): 1,
        ("", "31"): 1,
        ("pandas", "31"): 1,
    }


def test_forged_and_expired_tickets_are_refused(lab: Version) -> None:
    """Nothing is counted for them."""
    real = ticket(lab)
    for wrong in ("", "x", real[:-1] + ("A" if real[-1] != "A" else "B"), signing.dumps([lab.pk, "k"], salt="other")):
        with pytest.raises(NotSignedInError):
            report(wrong, "pandas")
    with pytest.raises(NotSignedInError):
        report(real, "pandas", at=NOW + timedelta(days=367))
    assert not LibraryUse.objects.exists()


def test_a_workspace_can_switch_it_off(ana: Actor, lab: Version) -> None:
    """New processes get nothing, running ones are refused; what was counted stays."""
    running = ticket(lab)
    report(running, "pandas")
    set_workspace("default", {"record_imports": False})
    assert recording_variables(find_version(ana, "lab", 1), "http://x") == {}
    with pytest.raises(ForbiddenError):
        report(running, "sklearn")
    assert counts() == {("", "01"): 1, ("pandas", "01"): 1}


def test_a_version_that_is_retired_or_gone(ana: Actor, lab: Version) -> None:
    """What still runs in a retired version counts; a removed version is not found; a draft has nothing to record."""
    running = ticket(lab)
    admin = person("ada", Role.ADMIN)
    retire.deprecate(admin, "lab", 1, reason="old")
    retire.retire(admin, "lab", 1, reason="gone", force=True)
    report(running, "pandas")
    assert counts() == {("", "01"): 1, ("pandas", "01"): 1}
    mine = draft(ana, "mine")
    assert recording_variables(mine, "http://x") == {}
    left = signing.dumps([mine.pk, "k" * 32], salt="assay.imports")
    count_imports(left, ["six"], NOW)
    assert LibraryUse.objects.filter(version=mine, library="", sessions=1).exists()
    mine.delete()
    with pytest.raises(NotFoundError):
        count_imports(left, ["six"], NOW)


def test_old_rows_are_removed(lab: Version) -> None:
    """Sessions a week after their last report, counts when no figure reads them."""
    old, living = ticket(lab), ticket(lab)
    report(old, "pandas", at=NOW + timedelta(days=1))
    report(living, "pandas", at=NOW + timedelta(days=6))
    assert remove_old(NOW + timedelta(days=10)) == 1
    assert ImportSession.objects.count() == 1
    assert remove_old(NOW + timedelta(days=410)) == 5
    assert not counts()
    assert remove_old() == 0
