"""The columns of environments that repeat what the catalogue sorts by, kept true where that changes."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from assay.store.models import Environment, Person, UsageSummary, Version
from assay.store.reads.usage import RECENT

FIELDS = {"shown_number": "number", "shown_published_at": "published_at"}  # without a value, they are NULL
DEFAULTED: dict[str, tuple[str, Any]] = {
    "shown_python": ("python", ""),
    "shown_health": ("health", ""),
    "shown_libraries": ("lock__libraries_count", 0),
    "shown_size": ("lock__size", 0),
}


def write_shown(environments: QuerySet[Environment]) -> None:
    """Write the columns that repeat the owner, and the active version or else the latest one: one query.

    Call it in the transaction that changes one of those versions, or which one it is, or the owner.
    """
    owners = Person.objects.filter(pk=OuterRef("owner_id"))
    versions = Version.objects.filter(pk=Coalesce(OuterRef("active_id"), OuterRef("latest_id")))
    environments.update(
        owner_name=Subquery(owners.values("username")[:1]),
        **{column: Subquery(versions.values(field)[:1]) for column, field in FIELDS.items()},
        **{
            column: Coalesce(Subquery(versions.values(field)[:1]), Value(empty))
            for column, (field, empty) in DEFAULTED.items()
        },
    )


def write_recent_people(environments: QuerySet[Environment]) -> None:
    """Write the people of the last 30 days as the summaries say: one query."""
    summaries = UsageSummary.objects.filter(environment=OuterRef("pk"), days=RECENT.days)
    environments.update(recent_people=Coalesce(Subquery(summaries.values("people")[:1]), Value(0)))
