"""The move to another database: every row, compared; refused while Assay works or where there is data."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from support.database import migrated
from support.other_databases import other_databases  # noqa: F401 - a fixture
from support.people import draft, person, published

from assay.core.errors import ConflictError, UnavailableError
from assay.core.roles import Role
from assay.flow import database_move
from assay.flow.database_move import move
from assay.store import workers
from assay.store.whole_database import Sum, another_database, sum_of, tables_of
from assay.store.whole_database import migration_state as state_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("other_databases"),
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="the other database is a file; PostgreSQL: test_postgresql"
    ),
]
OTHER = "other"


def quiet(name: str, rows: int) -> None:
    """Report nothing."""


@pytest.fixture
def target(tmp_path: Path) -> dict[str, Any]:
    """Return the settings of a new database, beside an installation with two environments."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1"})
    draft(ana, "next", "six")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "other.sqlite3")}


def test_every_row_is_there_afterwards(target: dict[str, Any]) -> None:
    """Counts and hashes are the same; a second move is refused."""
    found = move(target, quiet)
    state = state_of()
    with another_database(OTHER, target):
        for table in tables_of(state):
            assert sum_of(table, OTHER) == sum_of(table)
        assert found.tables == len(tables_of(state))
    assert found.rows > 20
    with pytest.raises(ConflictError, match="has data already"):
        move(target, quiet)
    assert "target" not in connections.databases


def test_while_assay_works_nothing_is_moved(target: dict[str, Any]) -> None:
    """What it wrote meanwhile would be lost."""
    workers.announce()
    with pytest.raises(ConflictError, match="works still"):
        move(target, quiet)
    assert not Path(target["NAME"]).exists()


def test_a_move_that_fails_can_be_repeated(target: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is left in the other database."""
    shutil.copyfile(migrated(), target["NAME"])
    with monkeypatch.context() as patch:
        patch.setattr(database_move, "sum_of", lambda *_: Sum())
        with pytest.raises(ConflictError, match="are not the same"):
            move(target, quiet)
    assert move(target, quiet).rows > 20


def test_a_database_that_does_not_respond_is_told(target: dict[str, Any], tmp_path: Path) -> None:
    """With what to check."""
    with pytest.raises(UnavailableError, match="does not respond"):
        move({**target, "NAME": str(tmp_path / "no" / "folder.sqlite3")}, quiet)
