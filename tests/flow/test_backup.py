"""Backups: every row, the logs and the secrets; restored whole or not at all, into nothing but an empty database."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from support.database import migrated
from support.other_databases import other_databases  # noqa: F401 - a fixture
from support.people import draft, person, published

from assay.core.errors import ConflictError, InvalidInputError
from assay.core.roles import Role
from assay.flow import backup
from assay.flow.backup import back_up, restore
from assay.flow.build.build import request_build
from assay.flow.build.rebuild_missing import rebuild_missing
from assay.flow.paths import home
from assay.store import whole_database
from assay.store.models import Build, Environment, Event, Membership, Person, Version

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]
KEY = b"sixteen bytes or more"


@pytest.fixture
def installation(tmp_path: Path, settings: Any) -> Path:  # noqa: ANN401 - pytest-django's settings
    """Return the home of an installation with two versions, a queued build, a log and a secret."""
    settings.HOME = tmp_path / "home"
    (settings.HOME / "secrets").mkdir(parents=True)
    (settings.HOME / "secrets" / "vault").write_text("the key of everything")
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1"})
    draft(ana, "next", "six")
    build = request_build(ana, "next", 1)
    log = settings.HOME / "builds" / str(build.pk) / "log"
    log.parent.mkdir(parents=True)
    log.write_text("resolving\n")
    (log.parent / "link").symlink_to("/etc/passwd")
    return Path(settings.HOME)


@contextmanager
def empty_database(tmp_path: Path, *, tables: bool = True) -> Iterator[None]:
    """Let the default connection be one to an empty database, which has its tables: making them takes seconds."""
    if tables:
        shutil.copyfile(migrated(), tmp_path / "other.sqlite3")
    before = connections["default"]
    connection.close()
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = str(tmp_path / "other.sqlite3")
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        assert connections["default"] is before


def everything() -> dict[str, Any]:
    """Return the sums of all tables."""
    state = whole_database.migration_state()
    return {one.name: whole_database.sum_of(one).to_dict() for one in whole_database.tables_of(state)}


@pytest.mark.usefixtures("installation")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the other database is a file")
def test_what_is_restored_is_what_was_backed_up(tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """Rows, numbers of new rows, logs and secrets; a link is not followed."""
    file = tmp_path / "assay.backup"
    made = back_up(file, KEY)
    assert (made.files, made.secrets) == (1, 1)
    assert made.rows > 20
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"the key of everything" not in file.read_bytes()
    before = everything()

    with empty_database(tmp_path):
        settings.HOME = tmp_path / "restored"
        assert restore(file, KEY) == made
        assert everything() == before

        assert (home() / "secrets" / "vault").read_text() == "the key of everything"
        assert (home() / "secrets" / "vault").stat().st_mode & 0o777 == 0o600
        build = Build.objects.get(state="queued")
        assert (home() / "builds" / str(build.pk) / "log").read_text() == "resolving\n"
        assert [one.name for one in (home() / "builds" / str(build.pk)).iterdir()] == ["log"]
        newest = Person.objects.order_by("-pk").values_list("pk", flat=True)[0]
        assert person("zoe").id > newest
        with pytest.raises(ConflictError, match="has data already"):
            restore(file, KEY)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="as above")
def test_environments_are_built_again(installation: Path, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """Those that can be launched and whose files are missing, each once; where nobody reviews, none."""
    assert rebuild_missing() == ["geo@1"]
    build = Build.objects.get(repair=True)
    assert (build.version.reference, build.state) == ("geo@1", "queued")
    version = Version.objects.get(environment__slug="geo")
    assert version.health == "attention"
    assert version.lock is not None
    assert version.lock.drift is not None
    assert version.lock.drift["missing"] == ["all files"]
    assert rebuild_missing() == ["geo@1"]
    assert Build.objects.filter(repair=True).count() == 1
    Membership.objects.filter(role__in=(Role.ADMIN, Role.REVIEWER)).delete()
    assert rebuild_missing() == []
    del installation, tmp_path, settings


def test_a_key_is_needed_and_must_fit(installation: Path, tmp_path: Path) -> None:
    """A short one is refused; a wrong one restores nothing."""
    file = tmp_path / "assay.backup"
    with pytest.raises(InvalidInputError, match="at least 16"):
        back_up(file, b"short")
    assert not file.exists()
    back_up(file, KEY)
    with pytest.raises(ConflictError, match="exists"):
        back_up(file, KEY)
    with pytest.raises(InvalidInputError, match="does not fit"):
        restore(file, KEY + b"!")
    assert Environment.objects.count() == 2
    del installation


def test_a_backup_that_fails_leaves_nothing(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_write_table", full)
    with pytest.raises(OSError, match="No space"):
        back_up(tmp_path / "assay.backup", KEY)
    assert list(tmp_path.iterdir()) == [installation]


def changed(file: Path, name: str, content: bytes) -> Path:
    """Return a copy of a backup in which one entry has another content."""
    copy = file.with_name("changed.backup")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, content if entry.filename == name else source.read(entry))
    return copy


@pytest.mark.skipif(connection.vendor != "sqlite", reason="as above")
def test_a_damaged_backup_restores_no_row(installation: Path, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """Rows that are gone, no archive at all, another format, a newer release."""
    file = tmp_path / "assay.backup"
    back_up(file, KEY)
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("backup.json"))
        rows = archive.read("tables/store_event").splitlines(keepends=True)
    with empty_database(tmp_path):
        settings.HOME = tmp_path / "restored"
        with pytest.raises(InvalidInputError, match="store_event are not those"):
            restore(changed(file, "tables/store_event", b"".join(rows[:-1])), KEY)
        assert not Event.objects.exists()
        assert not Person.objects.exists()
        with pytest.raises(InvalidInputError, match="other columns"):
            restore(changed(file, "tables/store_event", b"[1]\n"), KEY)
        (tmp_path / "text").write_text("no archive")
        for path in (tmp_path / "text", tmp_path / "nothing"):
            with pytest.raises(InvalidInputError, match="cannot be read"):
                restore(path, KEY)
        other = json.dumps({**manifest, "format": 2}).encode()
        with pytest.raises(ConflictError, match="another format"):
            restore(changed(file, "backup.json", other), KEY)
        newer = {**manifest, "migrations": {**manifest["migrations"], "store": "9999_later"}}
        with pytest.raises(ConflictError, match=r"newer release of Assay: it has store\.9999_later"):
            restore(changed(file, "backup.json", json.dumps(newer).encode()), KEY)
        assert restore(file, KEY).rows, "after each of them, the whole one can be restored"
    del installation


@pytest.mark.skipif(connection.vendor != "sqlite", reason="as above")
def test_a_file_that_leads_elsewhere_is_left_out(installation: Path, tmp_path: Path, settings: Any) -> None:  # noqa: ANN401 - as above
    """Names are not trusted."""
    file = tmp_path / "assay.backup"
    back_up(file, KEY)
    with zipfile.ZipFile(file, "a") as archive:
        for name in ("files/runs/../../evil", "files/homes/evil", "files/evil", "evil"):
            archive.writestr(name, "evil")
    with empty_database(tmp_path):
        settings.HOME = tmp_path / "restored"
        assert restore(file, KEY).files == 1
    assert not list(tmp_path.rglob("evil"))
    del installation
