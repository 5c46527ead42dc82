"""Sorting of table rows by a column, in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import F, Func, Model, QuerySet, Subquery

M = TypeVar("M", bound=Model)
Columns = Mapping[str, F | Func | Subquery]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A column by name; '' keeps the default order."""

    name: str = ""
    descending: bool = False


def ordered(rows: QuerySet[M], order: Order, columns: Columns) -> QuerySet[M]:
    """Return the rows sorted by a column, then by id; rows without a value are last."""
    column = columns.get(order.name)
    if column is None:
        return rows
    by = column.desc(nulls_last=True) if order.descending else column.asc(nulls_last=True)
    return rows.order_by(by, "pk")
