"""The disk usage of a version alone: files that no other version uses that is not retired."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Sum

from assay.core.lifecycle import Status
from assay.store.models import Lock, LockedLibrary, Version


def own_bytes(lock: Lock) -> int:
    """Return the installed bytes that retiring every version of this lock would free."""
    others = LockedLibrary.objects.filter(
        Exists(Version.objects.filter(lock=OuterRef("lock")).exclude(status=Status.RETIRED)),
        file=OuterRef("file"),
    ).exclude(lock=lock)
    own = LockedLibrary.objects.filter(lock=lock).exclude(Exists(others))
    return int(own.aggregate(bytes=Sum("size"))["bytes"] or 0)


def own_bytes_of(locks: Collection[int]) -> dict[int, int]:
    """Return what `own_bytes` returns for each of these locks: one query."""
    others = LockedLibrary.objects.filter(
        Exists(Version.objects.filter(lock=OuterRef("lock")).exclude(status=Status.RETIRED)), file=OuterRef("file")
    ).exclude(lock=OuterRef("lock"))
    own = LockedLibrary.objects.filter(lock__in=locks).exclude(Exists(others)).order_by().values_list("lock")
    return {lock: int(size) for lock, size in own.annotate(bytes=Sum("size"))}
