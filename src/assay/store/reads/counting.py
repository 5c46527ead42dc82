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


def bounded_counts(selections: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Return how many rows each query selects, `MOST` + 1 at most: one query."""
    counts = {f"count_{name}": CountOf(rows.order_by().values("pk")[: MOST + 1]) for name, rows in selections.items()}
    found = Workspace.objects.order_by("pk").annotate(**counts).values(*counts).first() or {}
    return {name: found.get(f"count_{name}", 0) for name in selections}
