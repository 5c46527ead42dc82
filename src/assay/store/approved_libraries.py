"""The libraries that a workspace has published at least once: what is new to it, and what is not."""

from __future__ import annotations

from collections.abc import Iterable

from assay.store.models import ApprovedLibrary, LockedLibrary, Version

AT_ONCE = 500  # values of one statement; SQLite takes at most 999 in old releases


def add_approved(version: Version) -> None:
    """Remember the libraries of a version that is published now; earlier ones stay as they are."""
    workspace_id = version.environment.workspace_id
    names = LockedLibrary.objects.filter(lock=version.lock).values_list("name", flat=True)
    rows = [ApprovedLibrary(workspace_id=workspace_id, name=name, version=version) for name in names]
    ApprovedLibrary.objects.bulk_create(rows, ignore_conflicts=True, batch_size=AT_ONCE)


def approved_names(workspace_id: int) -> frozenset[str]:
    """Return the names of all libraries that a workspace has published."""
    return frozenset(ApprovedLibrary.objects.filter(workspace_id=workspace_id).values_list("name", flat=True))


def approved_anywhere(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that any workspace has published."""
    wanted = sorted(set(names))
    found: set[str] = set()
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        found.update(ApprovedLibrary.objects.filter(name__in=part).values_list("name", flat=True))
    return frozenset(found)
