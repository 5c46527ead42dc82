"""`assay up --demo`: whose password is the demo's, said as it is."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from django.conf import LazySettings

from assay.core.roles import Role
from assay.flow.people import create_person, ensure_workspace, find_person, set_password
from assay.server import demo
from assay.server.setup import first_password_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    settings: LazySettings,
    tmp_path: Path,
) -> pytest.LogCaptureFixture:
    """Make people without environments, in a home of their own, and keep what is logged."""
    del db
    ensure_workspace()
    settings.HOME = tmp_path
    (tmp_path / "secrets").mkdir()
    monkeypatch.setattr(demo, "EXAMPLES", ())
    caplog.set_level(logging.INFO, "assay.demo")
    return caplog


def password() -> str:
    """Return the demo's password."""
    return (first_password_file().parent / "demo-password").read_text()


def test_all_three_have_it_when_the_demo_makes_them(told: pytest.LogCaptureFixture) -> None:
    """At a first start with `--demo`, and at each later one."""
    for _ in range(2):
        told.clear()
        demo.populate()
        assert f"The password of admin, ana, ben is {password()}" in told.messages
        assert any("The password of admin, ana, ben is in " in line for line in told.messages)
    assert all(find_person(name).check_password(password()) for name, _ in demo.PEOPLE)


def test_admin_keeps_the_password_of_a_first_start_without_the_demo(told: pytest.LogCaptureFixture) -> None:
    """It says where that password is, and does not say that it is the demo's."""
    create_person("admin", "the-first-start", Role.ADMIN)
    first_password_file().write_text("admin\nthe-first-start\n")
    demo.populate()
    kept = f"admin existed before and keeps the password that was set. It is in {first_password_file()}"
    assert kept in told.messages
    assert f"The password of ana, ben is {password()}" in told.messages
    assert any("The password of ana, ben is in " in line for line in told.messages)


def test_a_password_that_was_changed_can_only_be_set_anew(told: pytest.LogCaptureFixture) -> None:
    """The file of the first start is not named for a password that it no longer holds."""
    demo.populate()
    first_password_file().write_text("admin\nthe-first-start\n")
    set_password("admin", "changed since then")
    demo.populate()
    assert any(line.endswith("To set another: assay admin set-password admin") for line in told.messages)
