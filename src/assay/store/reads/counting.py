"""Counts of rows as values of another query, and counts that stop at a bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery

from assay.store.models import Workspace

MOST = 1000  # rows that a page counts; it shows `1,000+` for more


class CountOf(Subquery):
    """The number of rows that a query selects."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def bounded_counts(selections: Mapping[str, QuerySet[Any]]) -> Any:  # noqa: ANN401 - a query with columns that types do not know
    """Return a query whose first row says how many rows each of these selects, `MOST` + 1 at most."""
    counts = {name: CountOf(rows.order_by().values("pk")[: MOST + 1]) for name, rows in selections.items()}
    return Workspace.objects.order_by("pk").annotate(**counts).values(*counts)
