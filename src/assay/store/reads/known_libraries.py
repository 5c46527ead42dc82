"""Facts of a workspace about the libraries of a version, loaded with one query.

Each fact is that of the first row that matches, so the time does not grow with the number of environments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import CharField, Exists, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right
from assay.store.models import LockedLibrary, PolicyRevision, Version

APPROVED = (Status.PUBLISHED, Status.DEPRECATED, Status.RETIRED)
EVER = Value(datetime.min.replace(tzinfo=UTC))
REFERENCE = Concat("environment__slug", Value("@"), Cast("number", CharField()), output_field=CharField())


@dataclass(frozen=True, kw_only=True)
class KnownLibrary:
    """Facts of a workspace about one library.

    `approved` is whether any version was ever approved with it, `accepted` the last version of the same environment
    that was approved with the same file, `held` the newest version of another environment that contains it and the
    version of the library there, `waiting` another pending submission that contains it; '' for none.
    """

    approved: bool
    accepted: str
    held: str
    waiting: str


def known_libraries(actor: Actor, version: Version, names: list[str]) -> dict[str, KnownLibrary]:
    """Return the facts about the named libraries that a version contains, by name.

    Only approvals under the current policy revision count as accepted. Submissions that the actor may not see are
    left out.
    """
    rows = (
        LockedLibrary.objects.filter(lock__versions=version.pk, name__in=names)
        .annotate(
            approved=Exists(_approved(version)),
            accepted=Subquery(_accepted(version)),
            held=Subquery(_held(version)),
            waiting=Subquery(_waiting(actor, version)),
        )
        .values_list("name", "approved", "accepted", "held", "waiting")
    )
    slug = version.environment.slug
    return {
        name: KnownLibrary(
            approved=approved,
            accepted=f"{slug}@{accepted}" if accepted else "",
            held=held or "",
            waiting=waiting or "",
        )
        for name, approved, accepted, held, waiting in rows
    }


def _approved(version: Version) -> QuerySet[LockedLibrary]:
    """Select the same library in versions that were ever approved in the workspace."""
    workspace = version.environment.workspace_id
    holders = Version.objects.filter(
        lock_id=OuterRef("lock_id"), status__in=APPROVED, environment__workspace_id=workspace
    )
    return LockedLibrary.objects.filter(Exists(holders), name=OuterRef("name"))


def _accepted(version: Version) -> QuerySet[LockedLibrary, tuple[int]]:
    """Select the last version of the environment that was approved with the same file under the current policy."""
    revisions = PolicyRevision.objects.filter(workspace_id=version.environment.workspace_id).order_by("-number")
    return (
        LockedLibrary.objects.filter(
            name=OuterRef("name"),
            file=OuterRef("file"),
            lock__versions__environment=version.environment_id,
            lock__versions__number__lt=version.number,
            lock__versions__status__in=APPROVED,
            lock__versions__submissions__outcome="approved",
            lock__versions__submissions__ended_at__gte=Coalesce(Subquery(revisions.values("at")[:1]), EVER),
        )
        .exclude(file="")
        .order_by("-lock__versions__number")
        .values_list("lock__versions__number")[:1]
    )


def _held(version: Version) -> QuerySet[LockedLibrary, tuple[str]]:
    """Select a newest version of another environment that contains the library, with the library's version there."""
    newest = Version.objects.filter(
        lock_id=OuterRef("lock_id"), newest_of__workspace_id=version.environment.workspace_id
    ).exclude(environment_id=version.environment_id)
    return (
        LockedLibrary.objects.filter(name=OuterRef("name"))
        .annotate(holder=Subquery(newest.values_list(REFERENCE)[:1]))
        .filter(holder__isnull=False)
        .values_list(Concat("holder", Value(" "), F("version"), output_field=CharField()))[:1]
    )


def _waiting(actor: Actor, version: Version) -> QuerySet[Version, tuple[str]]:
    """Select the oldest other pending submission that contains the library."""
    pending = Version.objects.filter(
        environment__workspace_id=actor.workspace_id,
        status=Status.PENDING,
        lock__locked_libraries__name=OuterRef("name"),
    ).exclude(pk=version.pk)
    if not actor.has(Right.REVIEW):
        pending = pending.filter(author_id=actor.id)
    return pending.order_by("submitted_at", "pk").values_list(REFERENCE)[:1]
