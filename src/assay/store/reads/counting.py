"""Counts of rows as values of another query."""

from __future__ import annotations

from django.db.models import IntegerField, Subquery


class CountOf(Subquery):
    """The number of rows that a query selects."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
