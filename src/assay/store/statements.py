"""Compiled statements: a queryset whose SQL is built once per process, and executed with new values from then on.

Django builds the SQL of a queryset anew at each use, which for one that follows many relations takes longer than the
database takes to answer it: 1 to 4 ms. A statement keeps the SQL. It gives the rows that its queryset would give
(model instances, dictionaries or tuples), read at each use; only the text of the question is kept.

    BY_SLUG = Statement(
        lambda: Environment.objects.select_related("owner", "active__lock").filter(
            workspace_id=Parameter("workspace"), slug=Parameter("slug")
        )
    )
    environment = BY_SLUG.first(workspace=actor.workspace_id, slug=slug)
    some = NAMES.rows(limit=50, ids=[1, 2, 3])  # with filter(pk__in=Parameters("ids")) in the queryset

Whatever differs between two uses is a parameter: the function runs once, so a value that it computes, such as the
time, would never change. Querysets with `prefetch_related` cannot be compiled, and a parameter cannot be None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, IntegerField, Model, QuerySet
from django.db.models.query import (
    FlatValuesListIterable,
    ModelIterable,
    ValuesIterable,
    ValuesListIterable,
    get_related_populators,
)

Row = TypeVar("Row")
Convert = Callable[[Any], Any]
Values = tuple[Any, ...]  # one row as the database returns it, converted to Python


@dataclass(frozen=True)
class _Place:
    """The place of a parameter among the values of a compiled statement."""

    name: str


class Parameter(Expression):
    """A value that each use of a statement gives by its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, *_: object, **__: object) -> tuple[str, Any]:
        """Return a placeholder."""
        return "%s", [_Place(self.name)]


class Parameters(Parameter):
    """Any number of values of a type, int or str, that each use gives as a list: for `__in`."""

    def __init__(self, name: str, kind: type[int | str] = int) -> None:
        super().__init__(name)
        self.kind = kind

    def as_sqlite(self, *_: object, **__: object) -> tuple[str, list[_Place]]:
        """Return a subquery: the values are a list in JSON."""
        return "(SELECT value FROM json_each(%s))", [_Place(self.name)]

    def as_postgresql(self, *_: object, **__: object) -> tuple[str, list[_Place]]:
        """Return a subquery: the values are an array."""
        kind = "bigint" if self.kind is int else "text"
        return f"(SELECT unnest(%s::{kind}[]))", [_Place(self.name)]


@dataclass(frozen=True)
class _Compiled(Generic[Row]):
    """The SQL of a statement, its values and places for values, and the function that makes rows."""

    sql: str
    values: tuple[Any, ...]
    made: Callable[[Sequence[Values]], Iterable[Row]]

    def with_values(self, given: dict[str, object]) -> list[Any]:
        """Return the values of one execution. Raises TypeError for a missing or an unknown parameter."""
        names = {one.name for one in self.values if isinstance(one, _Place)}
        if names != given.keys():
            raise TypeError(f"The statement takes {sorted(names)}, not {sorted(given)}.")
        return [_adapted(given[one.name]) if isinstance(one, _Place) else one for one in self.values]


class Statement(Generic[Row]):
    """A queryset that is compiled at its first use; see the module for how to write and use one."""

    def __init__(self, queryset: Callable[[], QuerySet[Any, Row]]) -> None:
        self._queryset = queryset
        self._known: _Compiled[Row] | None = None

    def rows(self, *, limit: int | None = None, **given: object) -> list[Row]:
        """Execute the statement with these values, and return its rows, at most `limit` of them."""
        compiled = self._compiled()
        sql, values = compiled.sql, compiled.with_values(given)
        if limit is not None:
            sql, values = f"{sql} LIMIT %s", [*values, limit]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            found = cursor.fetchall()
        return list(compiled.made(found))

    def first(self, **given: object) -> Row | None:
        """Execute the statement with these values, and return its first row, None without one."""
        return next(iter(self.rows(limit=1, **given)), None)

    def _compiled(self) -> _Compiled[Row]:
        """Return the compiled statement. Two threads may compile it at the same time; both get the same."""
        if self._known is None:
            self._known = _compile(self._queryset())
        return self._known


def _compile(queryset: QuerySet[Any, Row]) -> _Compiled[Row]:
    """Build the SQL with a connection of its own, since the converters of a statement outlive that of a thread."""
    if queryset._prefetch_related_lookups:  # type: ignore[attr-defined]  # noqa: SLF001 - Django has no other way to ask
        raise TypeError("A queryset with prefetch_related needs more than one statement.")
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as own:
        compiler = queryset.query.get_compiler(connection=own)
        sql, values = compiler.as_sql()
    converters = compiler.get_converters([one[0] for one in compiler.select[: compiler.col_count]])
    columns = [(position, _converter(own, *one)) for position, one in converters.items()]
    made = _maker(queryset, compiler)

    def rows(found: Sequence[Values]) -> Iterable[Row]:
        converted = _converted(found, columns)
        return map(made, converted) if made else converted

    return _Compiled(sql=sql, values=tuple(values), made=rows)


def _converted(found: Sequence[Values], columns: list[tuple[int, Convert]]) -> Iterable[Any]:
    """Convert the columns that the database returns in another form, such as times in SQLite."""
    if not columns:
        return found
    rows = [list(row) for row in found]
    for position, convert in columns:
        for row in rows:
            if row[position] is not None:
                row[position] = convert(row[position])
    return map(tuple, rows)


def _converter(own: BaseDatabaseWrapper, functions: list[Any], expression: Any) -> Convert:  # noqa: ANN401 - Django's
    """Return the function that converts a value other than None, which all of Django's converters keep."""
    if own.vendor == "sqlite" and functions == [own.ops.convert_datetimefield_value]:  # type: ignore[attr-defined]  # of SQLite
        return _in_utc
    if len(functions) == 1 and isinstance(expression.output_field, IntegerField):
        return int

    def convert(value: Any) -> Any:  # noqa: ANN401 - a column's value
        for one in functions:
            value = one(value, expression, connection)
        return value

    return convert


def _in_utc(at: datetime) -> datetime:
    """Return a time of SQLite, which keeps times in UTC and returns them without saying so."""
    return at.replace(tzinfo=UTC)


def _maker(queryset: QuerySet[Any, Row], compiler: Any) -> Callable[[Values], Any] | None:  # noqa: ANN401 - Django's
    """Return the function that makes a row of values, as iterating over the queryset would; None: values are rows."""
    kind = queryset._iterable_class  # noqa: SLF001 - Django has no other way to ask
    if kind is ModelIterable:
        return _instances(compiler)
    if kind is ValuesListIterable:
        return None
    if kind is FlatValuesListIterable:
        return lambda row: row[0]
    if kind is ValuesIterable:
        names = tuple(queryset.query.selected or ())  # the names of `values()`, in order
        return lambda row: dict(zip(names, row, strict=True))
    raise TypeError(f"Rows of {kind.__name__} cannot be compiled.")


def _instances(compiler: Any) -> Callable[[Values], Model]:  # noqa: ANN401 - Django's compiler
    """Return the function that makes a model instance with its related ones."""
    info, annotations = compiler.klass_info, compiler.annotation_col_map
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [one[0].target.attname for one in compiler.select[start:end]]
    related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # that of the next Django
    model: type[Model] = info["model"]

    def instance(row: Values) -> Model:
        one = model.from_db(DEFAULT_DB_ALIAS, names, row[start:end])
        for populator in related:
            populator.populate(row, one)
        for name, position in annotations.items():
            setattr(one, name, row[position])
        return one

    return instance


def _adapted(value: object) -> object:
    """Return a value in the form that the database takes."""
    if value is None:
        raise TypeError("A parameter cannot be None: ask for IS NULL in another statement.")
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    if isinstance(value, list | tuple | set | frozenset):
        return list(value) if connection.vendor == "postgresql" else json.dumps(list(value))
    return value
