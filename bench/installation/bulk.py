"""Insertion of many rows: COPY on PostgreSQL, one prepared statement on SQLite, without a model for each row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import DateField, DateTimeField, Field, JSONField, Model, UUIDField

Convert = Callable[[Any], Any]


class Table:
    """The table of a model. Columns without a name here get their model's default."""

    def __init__(self, model: type[Model], *names: str) -> None:
        fields = [model._meta.get_field(name) for name in names]
        left = [one for one in model._meta.concrete_fields if one not in fields and not one.primary_key]
        self._defaults = tuple(_converter(one, one.get_default()) for one in left)
        self._converters = [(at, found) for at, one in enumerate(fields) if (found := _conversion(one))]
        self._name, self._columns = model._meta.db_table, [one.column for one in (*fields, *left)]

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows, each with one value per name."""
        columns = ", ".join(f'"{one}"' for one in self._columns)
        if connection.vendor == "sqlite":
            marks = ", ".join("?" * len(self._columns))
            connection.ensure_connection()
            with transaction.atomic():
                statement = f"INSERT INTO {self._name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our own
                connection.connection.executemany(statement, self._converted(rows))
            return
        with connection.cursor() as cursor, cursor.copy(f"COPY {self._name} ({columns}) FROM STDIN") as copy:
            for row in self._converted(rows):
                copy.write_row(row)

    def _converted(self, rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        for row in rows:
            values = [*row, *self._defaults]
            for at, convert in self._converters:
                if values[at] is not None:
                    values[at] = convert(values[at])
            yield values


def _conversion(field: Field[Any, Any]) -> Convert | None:
    """Return how a value of a field is written, None for as it is."""
    if field.is_relation:
        return _conversion(field.target_field)
    if isinstance(field, JSONField):
        return json.dumps
    if isinstance(field, DateTimeField) and connection.vendor == "sqlite":
        return lambda value: str(value.replace(tzinfo=None))  # ours are all in UTC, as Django stores them
    if isinstance(field, DateField):
        return connection.ops.adapt_datefield_value
    if isinstance(field, UUIDField) and connection.vendor == "sqlite":
        return lambda value: value.hex
    return None


def _converter(field: Field[Any, Any], value: Any) -> Any:  # noqa: ANN401 - a column's value
    convert = _conversion(field)
    return convert(value) if convert and value is not None else value


@contextmanager
def unchecked() -> Iterator[None]:
    """Write without the checks and the care that an installation needs: a database cut short is written anew.

    PostgreSQL analyses tables by itself, which is done at the end here; Assay never does it on SQLite.
    """
    sqlite = connection.vendor == "sqlite"
    begin, end = (
        (("PRAGMA synchronous = OFF", "PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -400000"), ())
        if sqlite
        else (("SET synchronous_commit = off", "SET session_replication_role = replica"), ("ANALYZE",))
    )
    _execute(*begin)
    try:
        yield
    finally:
        _execute(*end, "PRAGMA synchronous = FULL" if sqlite else "SET session_replication_role = DEFAULT")


@contextmanager
def without_indexes(model: type[Model]) -> Iterator[None]:
    """Make the indexes of a table at the end, which is faster than keeping them up."""
    editor = connection.schema_editor()
    _execute(*(f'DROP INDEX "{one.name}"' for one in model._meta.indexes))
    yield
    _execute(*(str(one.create_sql(model, editor)) for one in model._meta.indexes))


def restart_sequences(*models: type[Model]) -> None:
    """Let PostgreSQL continue after the ids that were written."""
    _execute(*connection.ops.sequence_reset_sql(no_style(), list(models)))


def next_id(model: type[Model]) -> int:
    """Return the first free id of a table."""
    last = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    return (last or 0) + 1


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for one in statements:
            cursor.execute(one)
