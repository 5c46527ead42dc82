"""Pending submissions that bring the same new library, so that a reviewer can decide about it once."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right
from assay.store.models import ApprovedLibrary, LockedLibrary, Version
from assay.store.reads.libraries import direct_of


@dataclass(frozen=True, kw_only=True)
class SharedLibrary:
    """A library that no published version has, and the other submissions that bring it.

    `others` are (reference, version of the library), oldest submission first.
    """

    library: str
    version: str
    direct: bool
    others: tuple[tuple[str, str], ...]


def shared_new_libraries(actor: Actor, version: Version) -> list[SharedLibrary]:
    """Return the new libraries of a version that other submissions bring too, direct ones first: two queries.

    Only submissions that the actor may see are included.
    """
    new = _new_libraries(version)
    others = _other_submissions(actor, version, list(new))
    direct = set(direct_of(version))
    found = [
        SharedLibrary(library=name, version=new[name], direct=name in direct, others=tuple(rows))
        for name, rows in others.items()
    ]
    return sorted(found, key=lambda one: (not one.direct, one.library))


def _new_libraries(version: Version) -> dict[str, str]:
    """Return the libraries of a version's lock that its workspace has never published."""
    published = ApprovedLibrary.objects.filter(name=OuterRef("name"), workspace_id=version.environment.workspace_id)
    locked = (
        LockedLibrary.objects.filter(lock_id=version.lock_id) if version.lock_id else LockedLibrary.objects.none()
    )
    return dict(locked.filter(~Exists(published)).values_list("name", "version"))


def _other_submissions(actor: Actor, version: Version, names: list[str]) -> dict[str, list[tuple[str, str]]]:
    pending = Version.objects.filter(
        environment__workspace_id=actor.workspace_id, status=Status.PENDING, lock__locked_libraries__name__in=names
    ).exclude(pk=version.pk)
    if not actor.has(Right.REVIEW):
        pending = pending.filter(author_id=actor.id)
    columns = ("lock__locked_libraries__name", "lock__locked_libraries__version", "environment__slug", "number")
    found: dict[str, list[tuple[str, str]]] = {}
    for name, locked, slug, number in pending.order_by("submitted_at", "pk").values_list(*columns):
        found.setdefault(name, []).append((f"{slug}@{number}", locked))
    return found
