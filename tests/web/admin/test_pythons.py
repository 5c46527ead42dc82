"""Admin → Pythons: the page, the API and the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.caller import Caller
from support.people import draft, person, visitor
from support.pythons import make_archive, unpack

from assay.cli.main import main
from assay.core.roles import Role
from assay.engine.python_installations import UnavailableError
from assay.flow import pythons
from assay.flow.pythons import install_next, next_queued
from assay.store.models import PythonVersion

pytestmark = pytest.mark.django_db
FIRST, SECOND = "3.41", "3.11"  # the first lies in the folder of the tests


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> None:  # noqa: ANN401 - pytest-django's settings
    """Install into a home of its own, from a folder of its own."""
    settings.HOME, settings.PYTHON_MIRROR = tmp_path / "home", str(tmp_path / "folder")
    (tmp_path / "home").mkdir()
    make_archive(tmp_path / "folder", "3.42.7")
    unpack(tmp_path / "folder", f"{FIRST}.1")


def test_the_page_shows_each_python_and_changes_it() -> None:
    """Where from, how long it gets fixes, what uses it; buttons offer what is possible."""
    admin = person("admin", Role.ADMIN)
    client = visitor(admin)
    draft(admin, "geo")
    with CaptureQueriesContext(connection) as seen:
        page = client.get("/admin/pythons/").content.decode()
    assert len(seen) <= 12
    assert "Newest of each: 3.42.7." in page
    assert "1 environment" in page
    assert "Fixes until" in page
    page = client.post(f"/admin/pythons/{SECOND}", {"action": "default"}, follow=True).content.decode()
    assert f"New environments begin with Python {SECOND}." in page
    assert f'<option value="{SECOND}" selected' in client.get("/new").content.decode()
    page = client.post(f"/admin/pythons/{SECOND}", {"action": "stop"}, follow=True).content.decode()
    assert "Set another Python as default first." in page
    page = client.post(f"/admin/pythons/{FIRST}", {"action": "stop"}, follow=True).content.decode()
    assert f"Python {FIRST} is no longer offered" in page
    assert f'<option value="{FIRST}"' not in client.get("/new").content.decode()
    page = client.post(f"/admin/pythons/{FIRST}", {"action": "offer"}, follow=True).content.decode()
    assert f"Python {FIRST} is offered" in page
    assert "no such action" in client.post(f"/admin/pythons/{FIRST}", {}, follow=True).content.decode()


def test_an_installation_is_followed_to_its_end() -> None:
    """The rows load again while it runs, and stop at the end; a wrong wish is kept in its field."""
    client = visitor(person("admin", Role.ADMIN))
    answer = client.post("/admin/pythons/", {"version": "3.8"})
    assert answer.status_code == 422
    assert 'value="3.8"' in answer.content.decode()
    page = client.post("/admin/pythons/", {"version": "3.42"}, follow=True).content.decode()
    assert "Python 3.42 is being installed" in page
    assert 'hx-get="/admin/pythons/state"' in page
    assert "Waits for the worker." in client.get("/admin/pythons/state").content.decode()
    row = next_queued()
    assert row is not None
    install_next(row)
    done = client.get("/admin/pythons/state").content.decode()
    assert "installed by Assay" in done
    assert "hx-get" not in done


def test_a_list_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the page stays usable."""

    def fails(*_: object, **__: object) -> tuple[str, ...]:
        raise UnavailableError("uv lists nothing.", hint="Try again.")

    monkeypatch.setattr(pythons, "installable", fails)
    assert (
        "uv lists nothing. Try again." in visitor(person("admin", Role.ADMIN)).get("/admin/pythons/").content.decode()
    )


def test_only_administrators_see_it() -> None:
    """Others read which are offered in the editor."""
    ben = person("ben", Role.REVIEWER)
    client = visitor(ben)
    assert client.get("/admin/pythons/").status_code == 403
    assert client.post(f"/admin/pythons/{FIRST}", {"action": "stop"}).status_code == 403
    assert Caller(ben).get("/pythons").status_code == 403


def test_the_api_lists_changes_and_installs() -> None:
    """The contract."""
    caller = Caller(person("admin", Role.ADMIN))
    rows = {one["minor"]: one for one in caller.get("/pythons").json()["items"]}
    assert rows[FIRST]["is_default"]
    assert rows[FIRST]["kind"] == "folder"
    path = "/api/v1/workspaces/default/pythons"
    changed = caller.client.patch(f"{path}/{SECOND}", {"default": True}, content_type="application/json").json()
    assert changed["is_default"]
    changed = caller.client.patch(f"{path}/{FIRST}", {"offered": False}, content_type="application/json").json()
    assert changed["offered"] is False
    answer = caller.client.patch(f"{path}/{SECOND}", {"offered": False}, content_type="application/json")
    assert answer.status_code == 409
    assert caller.client.patch(f"{path}/3.99", {"offered": True}, content_type="application/json").status_code == 404
    answer = caller.post("/pythons", {"version": "3.42"})
    assert (answer.status_code, answer.json()) == (202, {"python": "3.42", "version": "3.42", "state": "queued"})
    assert caller.post("/pythons", {"version": "3.8"}).json()["path"] == "version"


def test_the_command_does_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """On the server's machine, without an account."""
    assert main(["admin", "pythons", "install", "3.42"]) == 0
    assert main(["admin", "pythons", "default", "3.42"]) == 0
    assert main(["admin", "pythons", "not-offer", FIRST]) == 0
    assert main(["admin", "pythons", "list"]) == 0
    text = capsys.readouterr().out
    assert "Python 3.42 is installed and offered." in text
    assert PythonVersion.objects.get(is_default=True).minor == "3.42"
    assert main(["admin", "pythons", "offer", FIRST]) == 0
    assert main(["admin", "pythons", "list", "--json"]) == 0
    assert main(["admin", "pythons", "default", "3.99"]) == 1
