"""Pythons of the installation: offered or not, the default, and installed by real uv without network."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from support.people import built, draft, lock_of, person, spec_input
from support.pythons import make_archive, unpack

from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from assay.core.roles import Actor, Role
from assay.engine.python_installations import Source, install
from assay.flow import paths, pythons
from assay.flow.compose.draft import SpecInput, edit_spec
from assay.flow.paths import interpreter, interpreters
from assay.flow.pythons import install_next, list_pythons, next_queued, offer, request_installation, set_default
from assay.jobs.python_installations import PythonInstallations
from assay.store.models import Event, PythonVersion, Version, Workspace

pytestmark = pytest.mark.django_db
PYTHON = "3.11"
NEW = "3.42.7"  # no machine has it
OTHER = "3.41"  # lies in the folder of the tests


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> None:  # noqa: ANN401 - pytest-django's settings
    """Install into a home of its own, from a folder of its own."""
    settings.HOME, settings.PYTHON_MIRROR = tmp_path / "home", str(tmp_path / "folder")
    (tmp_path / "home").mkdir()
    unpack(tmp_path / "folder", f"{OTHER}.1")


@pytest.fixture
def admin() -> Actor:
    """Return an administrator."""
    return person("root", Role.ADMIN)


def row_of(actor: Actor, minor: str) -> pythons.PythonRow:
    """Return one row of the list."""
    return next(one for one in list_pythons(actor) if one.minor == minor)


def test_what_is_no_longer_offered_stays_for_what_uses_it(admin: Actor) -> None:
    """New drafts are refused with those that are offered; an edit, a base and a build go on."""
    set_default(admin, PYTHON)
    draft(admin, "geo", "six")
    set_default(admin, OTHER)
    offer(admin, PYTHON, offered=False)
    offer(admin, PYTHON, offered=False)
    assert PYTHON not in interpreters()
    with pytest.raises(InvalidInputError, match=f"Python {PYTHON} is not offered. Offered: {OTHER}"):
        draft(admin, "new", "six")
    version, _ = edit_spec(admin, "geo", 1, spec_input("idna"))
    assert version.python == PYTHON
    with pytest.raises(InvalidInputError):
        edit_spec(admin, "geo", 1, SpecInput(base=None, python="3.99", libraries=("six",)))
    built(admin, "geo", lock=lock_of({"idna": "3.7"}))
    offer(admin, PYTHON, offered=True)
    assert interpreter(PYTHON).minor == PYTHON
    names = list(Event.objects.filter(name__startswith="python.").order_by("sequence").values_list("name", flat=True))
    assert names == ["python.default", "python.default", "python.not-offered", "python.offered"]


def test_the_default_comes_first_and_stays_offered(admin: Actor) -> None:
    """One default; the newest where nobody chose one. What is not offered cannot be it."""
    assert row_of(admin, OTHER).is_default
    set_default(admin, PYTHON)
    assert next(iter(interpreters())) == PYTHON
    assert [one.minor for one in list_pythons(admin) if one.is_default] == [PYTHON]
    with pytest.raises(ConflictError, match="is the default"):
        offer(admin, PYTHON, offered=False)
    offer(admin, OTHER, offered=False)
    with pytest.raises(ConflictError, match="is not offered"):
        set_default(admin, OTHER)
    with pytest.raises(NotFoundError):
        set_default(admin, "3.99")


def test_an_administrator_takes_no_python_from_another_workspace(admin: Actor) -> None:
    """Whoever runs the machine may. The counts are of all workspaces, and of one's own; events are in each."""
    olga = person("olga", Role.ADMIN, workspace="other")
    draft(olga, "maps", "six")
    set_default(admin, OTHER)
    row = row_of(admin, PYTHON)
    assert (row.versions, row.own_versions, row.environments) == (1, 0, 1)
    assert row_of(olga, PYTHON).own_versions == 1
    with pytest.raises(ConflictError, match=f"Other workspaces use Python {PYTHON}") as caught:
        offer(admin, PYTHON, offered=False)
    assert f"assay admin pythons not-offer {PYTHON}" in caught.value.hint
    offer(None, PYTHON, offered=False)
    offer(admin, PYTHON, offered=True)
    Version.objects.update(status="retired")
    offer(admin, PYTHON, offered=False)
    assert Event.objects.filter(name="python.not-offered").count() == 2 * Workspace.objects.count()
    with pytest.raises(ForbiddenError):
        list_pythons(person("ben", Role.REVIEWER))
    with pytest.raises(ForbiddenError):
        set_default(person("ana"), PYTHON)


def test_a_python_is_installed_from_a_folder_and_offered(admin: Actor, tmp_path: Path) -> None:
    """By uv, without network; the worker does it and says how it ended. It is found at once."""
    make_archive(tmp_path / "folder" / "20250101", NEW)
    (tmp_path / "folder" / "cpython-notes.txt").write_text("no archive")
    assert pythons.installable_versions() == (NEW,)
    assert "3.42" not in interpreters()
    assert request_installation(admin, "3.42").state == "queued"
    assert request_installation(admin, "3.42").pk == PythonVersion.objects.get().pk
    assert row_of(admin, "3.42").installing
    queued = next_queued()
    assert queued is not None
    install_next(queued)
    row = row_of(admin, "3.42")
    assert (row.version, row.kind, row.state, row.offered) == (NEW, "assay", "installed", True)
    assert row.where == "installed by Assay"
    assert row.path.startswith(str(paths.pythons_directory()))
    assert interpreter("3.42").version == NEW
    assert next_queued() is None
    assert set(Event.objects.values_list("name", flat=True)) >= {"python.requested", "python.installed"}


def test_an_unpacked_installation_in_the_folder_is_found(admin: Actor, tmp_path: Path) -> None:
    """Nothing is to be installed then."""
    install(NEW, tmp_path / "folder", Source(folder=_archived(tmp_path)), cache=str(tmp_path / "cache"),
            workdir=tmp_path, log_line=lambda _: None)  # fmt: skip
    assert row_of(admin, "3.42").kind == "folder"


def _archived(tmp_path: Path) -> Path:
    return make_archive(tmp_path / "elsewhere", NEW).parent


def test_what_cannot_be_installed_says_why(admin: Actor, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """A version that the folder lacks, an archive with another hash, one that does not start, no mirror at all."""
    reasons = []

    def fail(version: str) -> None:
        request_installation(admin, version)
        row = next_queued()
        assert row is not None
        install_next(row)
        row = PythonVersion.objects.get(minor=row.minor)
        assert row.state == "failed"
        reasons.append(row.detail)

    fail("3.41")
    assert f"The folder {tmp_path / 'folder'} has no archive of it." in reasons[-1]
    archive = make_archive(tmp_path / "folder", NEW)
    sums = archive.with_name("SHA256SUMS")
    sums.write_text(f"{hashlib.sha256(b'other').hexdigest()}  {archive.name}\n")
    fail("3.42")
    assert "it may be damaged" in reasons[-1]
    sums.write_text(f"{hashlib.sha256(b'').hexdigest()}  another\n")
    make_archive(tmp_path / "folder", NEW, works=False)
    fail("3.42")
    assert "does not start" in reasons[-1]
    settings.PYTHON_MIRROR = "http://127.0.0.1:9"
    assert all(one.startswith("3.") for one in pythons.installable_versions())
    assert paths.pythons_folder() is None
    assert Event.objects.filter(name="python.failed").count() == 3


def test_a_mirror_that_is_not_reached_says_which(tmp_path: Path) -> None:
    """And names the setting."""
    known = pythons.installable(Source(), cache=str(tmp_path / "cache"))[0]
    with pytest.raises(UnavailableError, match="could not be installed") as caught:
        install(
            known,
            tmp_path / "target",
            Source(address="http://127.0.0.1:9"),
            cache=str(tmp_path / "cache"),
            workdir=tmp_path,
            log_line=lambda _: None,
        )
    assert "does not reach http://127.0.0.1:9" in caught.value.hint
    assert "ASSAY_PYTHON_MIRROR" in caught.value.hint


@pytest.mark.parametrize("wish", ["4.1", "three", "3.8", "3.8.1", "3.12.5.1", "3.12; rm"])
def test_a_wish_is_a_version_that_assay_works_with(admin: Actor, wish: str) -> None:
    """Nothing else reaches uv."""
    with pytest.raises(InvalidInputError) as caught:
        request_installation(admin, wish)
    assert caught.value.path == "version"
    assert not PythonVersion.objects.exists()


def test_the_worker_installs_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread; one that a killed worker left begins again, and a defect ends no worker."""
    installations = PythonInstallations()
    assert installations.advance() is False
    row = PythonVersion(minor="3.42", wanted=NEW, state="installing")
    seen: list[PythonVersion] = []

    def fails(one: PythonVersion) -> None:
        seen.append(one)
        raise RuntimeError("a defect")

    monkeypatch.setattr(pythons, "next_queued", lambda: row)
    monkeypatch.setattr(pythons, "install_next", fails)
    assert installations.advance() is True
    assert installations._thread is not None
    installations._thread.join(10)
    assert seen == [row]
