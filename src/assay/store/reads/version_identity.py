"""What identifies a version and its lock, without the documents of either: enough for rights, keys and addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Sum, TextField
from django.db.models.functions import Cast

from assay.store.models import Feed, LibraryUse, LockedLibrary, ProjectFacts, Version
from assay.store.statements import Parameter, Statement


@dataclass(frozen=True, kw_only=True)
class VersionIdentity:
    """A version without its lock's documents. `digest` is '' before the build; `locked_at` is the lock's time."""

    pk: int
    environment_id: int
    slug: str
    title: str
    number: int
    status: str
    author_id: int
    health: str
    python: str
    spec: dict[str, Any]
    base_id: int | None
    lock_id: int | None
    digest: str
    locked_at: datetime | None

    @property
    def reference(self) -> str:
        """The version's name, e.g. `geo@3`."""
        return f"{self.slug}@{self.number}"


FIELDS = {
    "pk": "pk",
    "environment_id": "environment_id",
    "slug": "environment__slug",
    "title": "environment__title",
    "number": "number",
    "status": "status",
    "author_id": "author_id",
    "health": "health",
    "python": "python",
    "spec": "spec",
    "base_id": "base_id",
    "lock_id": "lock_id",
    "digest": "lock__digest",
    "locked_at": "lock__created_at",
}
BY_NAME = Statement(
    lambda: Version.objects.filter(
        environment__workspace_id=Parameter("workspace"),
        environment__slug=Parameter("slug"),
        number=Parameter("number"),
    ).values_list(*FIELDS.values())
)
# When the metadata of the libraries of a lock were fetched: a row changes with its time.
FETCHED = Statement(
    lambda: (
        ProjectFacts.objects.filter(pk__in=LockedLibrary.objects.filter(lock_id=Parameter("lock")).values("name"))
        .order_by("pk")
        .values_list("pk", Cast("fetched_at", TextField()))
    )
)
NEWEST_FEED = Statement(lambda: Feed.objects.order_by("-pk").values_list("pk", "loaded_at"))
IMPORTED = Statement(
    lambda: (
        LibraryUse.objects.filter(version__environment_id=Parameter("environment"), day__gte=Parameter("since"))
        .order_by("version_id", "library")
        .values_list("version_id", "version__lock_id", "library")
        .annotate(total=Sum("sessions"), last=Max("day"))
    )
)


def version_identity(workspace_id: int, slug: str, number: int) -> VersionIdentity | None:
    """Return what identifies a version, None when there is none: one query."""
    found = BY_NAME.first(workspace=workspace_id, slug=slug, number=number)
    if found is None:
        return None
    columns = dict(zip(FIELDS, found, strict=True))
    return VersionIdentity(**columns | {"digest": columns["digest"] or ""})
