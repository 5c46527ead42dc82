"""The profiles of published versions: what they ask for, with their bases, and the libraries that they contain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from assay.core.comparison.similarity import Profile
from assay.core.lifecycle import Health, Status
from assay.store.models import LockedLibrary, Version

CHUNK = 1_000  # locks per query


def published_in(workspace_id: int) -> QuerySet[Version]:
    """Return the versions of a workspace that are compared: published, built and not quarantined."""
    rows = Version.objects.filter(environment__workspace_id=workspace_id, status=Status.PUBLISHED)
    return rows.filter(lock__isnull=False).exclude(health=Health.QUARANTINED)


def profiles_of(versions: QuerySet[Version], most: int) -> Iterator[tuple[str, Profile]]:
    """Yield the profiles of at most `most` versions by reference, those published last at the end."""
    columns = ("environment__slug", "number", "python", "spec", "base_id", "lock_id", "lock__digest")
    rows = list(versions.order_by("-published_at", "-pk").values(*columns)[:most])[::-1]
    bases = _bases({row["base_id"] for row in rows} - {None})
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        pins = _pins_of({row["lock_id"] for row in chunk})
        for row in chunk:
            yield (
                f"{row['environment__slug']}@{row['number']}",
                Profile(
                    python=row["python"],
                    lines=tuple(dict.fromkeys([*row["spec"]["libraries"], *_lines_below(row["base_id"], bases)])),
                    versions=pins.get(row["lock_id"], {}),
                    digest=row["lock__digest"],
                ),
            )


def _pins_of(locks: set[int]) -> dict[int, dict[str, str]]:
    """Return the library versions by name of each lock, by lock id."""
    pins: dict[int, dict[str, str]] = {}
    rows = LockedLibrary.objects.filter(lock__in=locks).order_by().values_list("lock_id", "name", "version")
    for lock, name, version in rows.iterator(chunk_size=10_000):
        pins.setdefault(lock, {})[name] = version
    return pins


def _bases(wanted: set[int]) -> dict[int, dict[str, Any]]:
    """Return the specs of these versions and of all their bases by version id: one query per level."""
    found: dict[int, dict[str, Any]] = {}
    while wanted:
        for row in Version.objects.filter(pk__in=wanted).values("pk", "spec", "base_id"):
            found[row["pk"]] = dict(row)
        wanted = {row["base_id"] for row in found.values()} - found.keys() - {None}
    return found


def _lines_below(base_id: int | None, bases: dict[int, dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    while base_id is not None:
        lines += bases[base_id]["spec"]["libraries"]
        base_id = bases[base_id]["base_id"]
    return lines
