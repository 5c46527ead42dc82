"""The tests' database: migrated once for all runs, copied for each worker, and emptied of what a test has written."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from django.db import connection, transaction

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".pytest_cache" / "databases"
MIGRATIONS = ROOT / "src" / "assay" / "store" / "migrations"
# What the migrations themselves write.
OF_MIGRATIONS = {"django_migrations", "django_content_type", "auth_permission"}


def migrated() -> Path:
    """Return an SQLite database after all migrations; it is made when a migration has changed."""
    content = hashlib.sha256("".join(map(version, ("django", "django-allauth"))).encode())
    for path in sorted(MIGRATIONS.glob("*.py")):
        content.update(path.name.encode() + path.read_bytes())
    found = KEPT / f"{content.hexdigest()}.sqlite3"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers start together
        if not found.exists():
            for former in KEPT.glob("*.sqlite3"):
                former.unlink()
            _migrate(found)
    return found


def _migrate(target: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "ASSAY_HOME": home, "DJANGO_SETTINGS_MODULE": "assay.server.settings"}
        subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env=env, check=True)
        shutil.move(Path(home) / "assay.sqlite3", target)


def start_migrated(home: Path) -> None:
    """Make a home whose database is migrated, as at a second start."""
    home.mkdir(mode=0o700)
    shutil.copyfile(migrated(), home / "assay.sqlite3")


def use_copy(path: Path) -> None:
    """Let this process work on a copy of the migrated database, at a path, which no crash has to leave whole."""
    shutil.copyfile(migrated(), path)
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    options = connection.settings_dict["OPTIONS"]
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


def empty() -> None:
    """Remove the rows of all tables that have any. Only tests do: the triggers that keep events are lifted for it."""
    names = set(connection.introspection.django_table_names(only_existing=True)) - OF_MIGRATIONS
    look = [f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM \"{one}\")" for one in sorted(names)]  # noqa: S608 - our names
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(look))
        filled = [name for (name,) in cursor.fetchall()]
        triggers: list[tuple[str, str]] = []
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")  # triggers and foreign keys rest
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        for name in filled:
            cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608 - as above
        for _, statement in triggers:
            cursor.execute(statement)
