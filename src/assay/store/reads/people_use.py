"""The people who launched versions since a day, from the sums of usage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count

from assay.store.models import PersonUse
from assay.store.reads.facts import in_parts


def people_since(version_ids: Iterable[int], since: date) -> dict[int, int]:
    """Return how many people launched each version on or after a day, 0 for none: one query for 500 versions."""
    wanted = set(version_ids)
    found = dict.fromkeys(wanted, 0)
    for part in in_parts(wanted):
        rows = PersonUse.objects.filter(version__in=part, last_day__gte=since).order_by()
        found.update(rows.values_list("version").annotate(people=Count("pk")))
    return found


def names_since(version_id: int, since: date) -> list[str]:
    """Return the user names of the people who launched a version on or after a day, sorted: one query."""
    rows = PersonUse.objects.filter(version=version_id, last_day__gte=since)
    return list(rows.order_by("person__username").values_list("person__username", flat=True))


def names_in(version_ids: Iterable[int], since: date) -> list[str]:
    """Return the user names of the people who launched any of these versions on or after a day, sorted."""
    found: set[str] = set()
    for part in in_parts(set(version_ids)):
        rows = PersonUse.objects.filter(version__in=part, last_day__gte=since).order_by()
        found.update(rows.values_list("person__username", flat=True).distinct())
    return sorted(found)
