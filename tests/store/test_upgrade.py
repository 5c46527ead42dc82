"""An installation from before the standard names starts, and shows what it holds."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from support.people import built, draft, lock_of, person, published
from support.sort_columns import check_sort_columns

from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.assess import verdict
from assay.flow.people import set_workspace
from assay.flow.review.review import submit
from assay.store import models

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = ("store", "0020_build_request")
AT_ONCE = ("store", "0001_squashed_0026")


def by_steps() -> MigrationExecutor:
    """Return an executor that takes every step, as for a database that has had some of them."""
    executor = MigrationExecutor(connection)
    executor.loader.replace_migrations = False
    executor.loader.build_graph()
    executor.loader.applied_migrations.pop(AT_ONCE, None)
    for step in executor.loader.graph.nodes.values():
        step.mutate_state = partial(without_models, step)
    return executor


def without_models(step: Migration, state: ProjectState, preserve: bool = True) -> ProjectState:  # noqa: FBT002
    """Return the state after a step, whose models are made when asked for: Django makes them at each operation."""
    after = state.clone() if preserve else state
    if preserve:
        vars(after).pop("apps", None)
    return Migration.mutate_state(step, after, preserve=False)


def newest_step() -> tuple[str, str]:
    """Return the last of the steps; the migration of a new database, which replaces them, is sorted before it."""
    app, name = by_steps().loader.graph.leaf_nodes("store")[-1]
    return app, name


def migrate(target: tuple[str, str]) -> Any:  # noqa: ANN401 - Django's registry of that time
    """Migrate to a migration; return the models as they are there."""
    by_steps().migrate([target])
    return by_steps().loader.project_state([target]).apps


def test_an_installation_of_before_keeps_its_rows_and_knows_what_was_published() -> None:
    """One way to the tables of before and back, since it takes long: with what was stored there under other names."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    draft(ana, "maps")
    built(ana, "maps")
    submit(ana, "maps", 1, "please")
    publish_two(ana, ben)
    newest = newest_step()
    earlier = migrate(BEFORE)
    store(earlier)
    migrate(newest)
    assert_every_renamed_table_and_column_keeps_its_rows()
    assert_what_was_published_before_is_known_to_the_workspace(ana)
    check_sort_columns()


def store(earlier: Any) -> None:  # noqa: ANN401 - Django's registry of that time
    """Store a row in each table that has another name now, and values in each such column."""
    now = LONG_AGO
    workspace, owner = (earlier.get_model("store", name).objects.first() for name in ("Workspace", "Person"))
    version = earlier.get_model("store", "Version").objects.get(environment__slug="maps")
    submission = earlier.get_model("store", "Submission").objects.get(version=version)
    rows: dict[str, dict[str, Any]] = {
        "HealthEntry": {"version": version, "findings": [], "opened_at": now, "why_closed": "waived"},
        "Notice": {
            "workspace": workspace,
            "person": owner,
            "sequence": 10**6,
            "event": "version.published",
            "environment": "maps",
            "number": 1,
            "words": "maps@1 is published.",
            "at": now,
        },
        "PackageSource": {
            "workspace": workspace,
            "name": "acme",
            "url": "https://acme.example/simple",
            "created_at": now,
        },
        "Chore": {"name": "verify", "done_at": now},
        "ViewedMark": {"version": version, "person": owner, "library": "six", "mark": "a" * 32, "at": now},
        "Decision": {
            "submission": submission,
            "by": owner,
            "verdict": "reject",
            "digest": "d" * 64,
            "words": "too old",
            "at": now,
        },
        "Secret": {"workspace": workspace, "owner": owner, "name": "KEY", "sealed": "x", "updated_at": now},
        "Launch": {
            "person": owner,
            "environment": version.environment,
            "version": version,
            "kind": "studio",
            "digest": "d" * 64,
            "thing": "server-1",
            "started_at": now,
        },
    }
    for name, row in rows.items():
        earlier.get_model("store", name).objects.create(**row)
    earlier.get_model("store", "Environment").objects.filter(slug="maps").update(made=7)
    earlier.get_model("store", "Workspace").objects.update(told_up_to=5)


def assert_every_renamed_table_and_column_keeps_its_rows() -> None:
    """Read under the present names what was stored under the former ones."""
    assert models.HealthIssue.objects.get().close_reason == "waived"
    assert models.Notification.objects.get().text == "maps@1 is published."
    assert models.PackageIndex.objects.get().name == "acme"
    assert models.PeriodicTask.objects.get().last_run_at == LONG_AGO
    assert models.ViewedLibrary.objects.get().fingerprint == "a" * 32
    assert models.Decision.objects.get(submission__version__environment__slug="maps").comment == "too old"
    assert models.Secret.objects.get().encrypted_value == "x"
    assert models.Launch.objects.get().target_id == "server-1"
    assert models.Environment.objects.get(slug="maps").last_number == 7
    assert models.Workspace.objects.get().notified_up_to == 5
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        models.Event.objects.update(actor="somebody")


def publish_two(ana: Actor, ben: Actor) -> None:
    """Publish two versions, and build a third one with a library that no published version has."""
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six"], {"six": "1.17.0", "idna": "3.7"})
    draft(ana, "other", "certifi")
    built(ana, "other", 1, lock_of({"certifi": "2024.2.2", "six": "1.17.0"}))
    assert verdict(find_version(ana, "other", 1)).findings


def assert_what_was_published_before_is_known_to_the_workspace(ana: Actor) -> None:
    """See that published libraries are no new ones after the upgrade, and that facts of locks are written anew."""
    found = models.ApprovedLibrary.objects.order_by("name").values_list("name", "version__number")
    assert list(found) == [("idna", 2), ("six", 1)]
    assert not models.LockFacts.objects.exists()
    version = find_version(ana, "other", 1)
    assert not models.Assessment.objects.filter(version=version).exists()
    assert [one.library for one in verdict(version).findings if one.kind == "new-library"] == ["certifi"]
    assert verdict(find_version(ana, "geo", 1)).blocking == []


def test_builds_from_source_are_allowed_where_nobody_decided() -> None:
    """A workspace in which somebody set it, or saved the page that shows it, keeps what they saw."""
    person("ana")
    person("olga", workspace="other")
    newest = newest_step()
    migrate(("store", "0026_usage_by_owner"))
    set_workspace("other", {"allow_sdists": False, "approvals": 2})
    set_workspace("default", {"approvals": 2})
    models.Workspace.objects.update(allow_sdists=False)
    migrate(newest)
    assert dict(models.Workspace.objects.values_list("slug", "allow_sdists")) == {"default": True, "other": False}
    assert models.Workspace.objects.create(slug="third").allow_sdists


STEPS = """
import gc
gc.set_threshold(100_000, 20, 20)  # as in this process: models are made again at each step
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
executor.loader.replace_migrations = False
executor.loader.build_graph()
executor.migrate([one for one in executor.loader.graph.leaf_nodes() if "squashed" not in one[1]])
"""


def schema(database: sqlite3.Connection) -> dict[str, Any]:
    """Return columns, foreign keys, indexes and triggers of each table of ours, without order and index names."""
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'store_%'")
    return {
        table: (
            set(database.execute('SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info(?)', [table])),
            set(database.execute('SELECT "table", "from", "to" FROM pragma_foreign_key_list(?)', [table])),
            {
                re.sub(r'INDEX "\w+"', "INDEX", sql)
                for (sql,) in database.execute(
                    "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL AND type != 'table'",
                    [table],
                )
            },
        )
        for (table,) in tables.fetchall()
    }


@pytest.mark.skipif(connection.vendor != "sqlite", reason="compares the tables of SQLite")
def test_a_new_database_has_the_tables_of_the_steps(tmp_path: Path) -> None:
    """The one migration of a new database and the steps of an old one end with the same tables."""
    env = {**os.environ, "ASSAY_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "assay.server.settings"}
    subprocess.run([sys.executable, "-c", STEPS], env=env, check=True)
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(tmp_path / "assay.sqlite3")) as stepped:
        assert schema(connection.connection) == schema(stepped)
