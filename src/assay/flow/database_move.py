"""Move the installation to another database: every row, compared by counts and hashes, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connections, transaction

from assay.core.errors import ConflictError, UnavailableError
from assay.core.system import State, workers_state
from assay.store.whole_database import (
    another_database,
    check_new,
    hold_snapshot,
    migrate_to,
    migration_state,
    read_lines,
    reset_sequences,
    sum_of,
    tables_of,
    write_lines,
)
from assay.store.workers import list_workers

TARGET = "target"  # the alias of the other database


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What was copied."""

    tables: int
    rows: int


def move(settings: dict[str, Any], report: Callable[[str, int], None]) -> Moved:
    """Copy all rows into the database of Django's settings for it, which is new. `report` gets each table's rows.

    The present database is only read. After an error the other one has the tables and no row, so that the move can
    be repeated. Raises ConflictError while a worker works or where there is data, UnavailableError.
    """
    if workers_state([one.silent for one in list_workers()]) is State.OK:
        raise ConflictError("A worker works still.", hint="Stop Assay, wait a minute, and move then.")
    with another_database(TARGET, {"OPTIONS": {}, **settings}):
        try:
            connections[TARGET].ensure_connection()
        except OperationalError as error:
            raise UnavailableError(f"The database does not respond: {error}", hint="Check the address.") from error
        return _move(report)


def _move(report: Callable[[str, int], None]) -> Moved:
    check_new(TARGET)
    state = migration_state()
    migrate_to(state, TARGET)
    tables, rows = tables_of(state), 0
    with transaction.atomic(), transaction.atomic(using=TARGET):
        hold_snapshot()
        for table in tables:
            copied = write_lines(table, read_lines(table), TARGET)
            if sum_of(table, TARGET) != copied:
                raise ConflictError(
                    f"The rows of {table.name} are not the same in the other database.",
                    hint="Nothing was moved. Report this with the versions of both databases.",
                )
            rows += copied.rows
            report(table.name, copied.rows)
        reset_sequences(tables, TARGET)
    return Moved(tables=len(tables), rows=rows)
