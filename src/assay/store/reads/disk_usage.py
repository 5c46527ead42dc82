"""The disk usage of a version alone: files that no other version uses that is not retired."""

from __future__ import annotations

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
