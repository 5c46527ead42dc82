"""All rows of a database, independent of the engine: for backups, and for the move to another database.

Rows are read and written through the models of a state of the migrations, so that a backup of an earlier release is
loaded into the tables of that release, which are then upgraded. A table is compared by the number of its rows and by
the sum of their hashes, which does not depend on an order.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Field, Model

from assay.core.errors import ConflictError, InvalidInputError

AT_ONCE = 1_000  # rows that are read or written at a time
MODULUS = 1 << 256
KEPT_EMPTY = ("store_person", "store_environment", "store_event")  # without rows, a database counts as new
OF_PROCESSES = {"store_workerprocess"}  # what processes say of themselves is not copied
SNAPSHOT = "snapshot"  # the alias of a second connection to the present database
State = dict[str, str]  # the last migration of each app


@dataclass
class Sum:
    """The number of rows of a table, and the sum of their SHA-256 modulo 2^256."""

    rows: int = 0
    total: int = field(default=0, repr=False)

    def add(self, line: str) -> None:
        """Count a row, given as it is written in a backup."""
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(line.encode()).digest())) % MODULUS

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"rows": self.rows, "hash": f"{self.total:064x}"}


@dataclass(frozen=True)
class Table:
    """A table, through its model in a state of the migrations."""

    model: type[Model]

    @property
    def name(self) -> str:
        """Its name in the database."""
        return self.model._meta.db_table  # noqa: SLF001 - a documented interface of Django, as below

    @property
    def columns(self) -> tuple[Field[Any, Any], ...]:
        """Its columns."""
        return tuple(self.model._meta.concrete_fields)  # noqa: SLF001 - as above


def migration_state(alias: str = "default") -> State:
    """Return the last migration of each app in a database."""
    executor = MigrationExecutor(connections[alias])
    applied = executor.loader.applied_migrations
    return {app: name for app, name in sorted(executor.loader.graph.leaf_nodes()) if (app, name) in applied}


def migrate_to(state: State, alias: str = "default") -> None:
    """Bring a new database to a state. Raises ConflictError for one of a newer release."""
    executor = MigrationExecutor(connections[alias])
    targets = sorted(state.items())
    unknown = [f"{app}.{name}" for app, name in targets if (app, name) not in executor.loader.graph.nodes]
    if unknown:
        raise ConflictError(
            f"The backup was made by a newer release of Assay: it has {unknown[0]}.",
            hint="Install that release, or a newer one, and restore with it.",
        )
    executor.migrate(targets)


def tables_of(state: State, alias: str = "default") -> list[Table]:
    """Return all tables in a state of the migrations, by name."""
    executor = MigrationExecutor(connections[alias])
    apps = executor.loader.project_state(sorted(state.items())).apps
    found = sorted((Table(one) for one in apps.get_models(include_auto_created=True)), key=lambda one: one.name)
    return [one for one in found if one.name not in OF_PROCESSES]


def check_new(alias: str = "default") -> None:
    """Raise ConflictError for a database that has data."""
    connection = connections[alias]
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for name in KEPT_EMPTY:
            if name in there:
                cursor.execute(f"SELECT 1 FROM {name} LIMIT 1")  # noqa: S608 - one of three names
                if cursor.fetchone():
                    raise ConflictError(
                        "The database has data already.", hint="Name an empty database, and an empty ASSAY_HOME."
                    )


def read_lines(table: Table, alias: str = "default") -> Iterator[str]:
    """Yield the rows of a table as JSON lists, in the order of its columns."""
    manager = table.model._base_manager  # noqa: SLF001 - as above
    rows = manager.using(alias).values_list(*(str(one.attname) for one in table.columns))
    for row in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
        yield json.dumps([_plain(value) for value in row], ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def write_lines(table: Table, lines: Iterable[str], alias: str = "default") -> Sum:
    """Write rows into a table whose rows, if it has any, are removed first; return their sum."""
    connection, columns, found = connections[alias], table.columns, Sum()
    quote = connection.ops.quote_name
    name = quote(table.name)
    names = ", ".join(quote(str(one.column)) for one in columns)
    places = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608 - of the models
    source = iter(lines)
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {name}")  # noqa: S608 - as above
        while part := list(islice(source, AT_ONCE)):
            for line in part:
                found.add(line)
            cursor.executemany(statement, [_values(columns, json.loads(line), connection) for line in part])
    return found


def sum_of(table: Table, alias: str = "default") -> Sum:
    """Return the sum of a table."""
    found = Sum()
    for line in read_lines(table, alias):
        found.add(line)
    return found


def reset_sequences(tables: list[Table], alias: str = "default") -> None:
    """Let new rows get numbers after those that were written."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [one.model for one in tables]):
            cursor.execute(statement)


@contextmanager
def snapshot() -> Iterator[str]:
    """Yield the alias of a connection that sees the database at one moment, while others write."""
    settings = dict(connections["default"].settings_dict)
    settings["OPTIONS"] = {key: value for key, value in settings["OPTIONS"].items() if key != "transaction_mode"}
    with another_database(SNAPSHOT, settings), transaction.atomic(using=SNAPSHOT):
        hold_snapshot(SNAPSHOT)
        yield SNAPSHOT


@contextmanager
def another_database(alias: str, settings: dict[str, Any]) -> Iterator[None]:
    """Give a database an alias, with the settings of the present one where it has none of its own."""
    connections.databases[alias] = {**connections["default"].settings_dict, **settings}
    try:
        yield
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.databases[alias]


def hold_snapshot(alias: str = "default") -> None:
    """Let a transaction that has just begun see one moment only; SQLite's do anyway."""
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def _plain(value: Any) -> Any:  # noqa: ANN401 - what a column holds
    """Return a value in the form that a backup has."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def _values(columns: tuple[Field[Any, Any], ...], row: list[Any], connection: Any) -> list[Any]:  # noqa: ANN401 - of Django
    """Return the values of a row for the driver. Raises InvalidInputError for a row of another table."""
    if len(row) != len(columns):
        raise InvalidInputError("A row of the backup has other columns.", hint="The file is damaged; take another.")
    return [_value(column, value, connection) for column, value in zip(columns, row, strict=True)]


def _value(column: Field[Any, Any], value: Any, connection: Any) -> Any:  # noqa: ANN401 - as above
    kind = column.get_internal_type()
    if value is not None and kind == "BinaryField":
        value = base64.b64decode(value)
    elif value is not None and kind == "DurationField":
        value = timedelta(seconds=value)
    elif kind not in {"JSONField", "ForeignKey", "OneToOneField"}:
        value = column.to_python(value)
    return column.get_db_prep_save(value, connection)
