"""The columns by which the database sorts a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F, Func, Subquery
from django.db.models.expressions import CombinedExpression

Columns = Mapping[str, F | Func | Subquery | CombinedExpression]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A column by name; '' keeps the default order."""

    name: str = ""
    descending: bool = False

    def within(self, columns: Columns, default: str) -> Order:
        """Return this order, or the default one (`-` before a name descends) if its column is not known."""
        if self.name in columns:
            return self
        return Order(name=default.removeprefix("-"), descending=default.startswith("-"))
