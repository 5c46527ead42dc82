"""Facts of versions in the form that policies use, loaded with a few queries for any number of versions.

The facts of a lock are written when it is first assessed. After that only the licence of a file changes, when it
becomes known exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import Min, QuerySet

from assay.core.lifecycle import Status
from assay.core.policy.facts import LibraryFact, Project, SimilarVersion, VersionFacts
from assay.store.models import (
    Environment,
    Launch,
    Lock,
    LockedFile,
    LockedLibrary,
    LockFacts,
    ProjectFacts,
    Runtime,
    Version,
)

BATCH_SIZE = 500  # values per SQL statement; old releases of SQLite accept at most 999
COLUMNS = (
    "pk",
    "number",
    "status",
    "health",
    "python",
    "lock_id",
    "lock__digest",
    "lock__size",
    "environment_id",
    "environment__slug",
    "environment__tags",
    "base__number",
    "base__environment_id",
    "base__environment__slug",
)
LIVE = (Status.PUBLISHED, Status.DEPRECATED)


def in_parts(values: Iterable[int]) -> Iterator[list[int]]:
    """Yield the distinct values in sorted lists of at most `BATCH_SIZE`."""
    known = sorted(set(values))
    for start in range(0, len(known), BATCH_SIZE):
        yield known[start : start + BATCH_SIZE]


def library_facts(files: Iterable[int]) -> dict[int, LibraryFact]:
    """Return the facts of files by their id."""
    columns = ("pk", "key", "name", "version", "index", "wheel", "licence", "uploaded")
    found: dict[int, LibraryFact] = {}
    for part in in_parts(files):
        for pk, *values in LockedFile.objects.filter(pk__in=part).values_list(*columns):
            found[pk] = LibraryFact(**dict(zip(columns[1:], values, strict=True)))
    return found


def files_of(locks: Iterable[int]) -> dict[int, list[int]]:
    """Return the file ids of each lock by lock id, for locks whose facts are stored."""
    found: dict[int, list[int]] = {}
    for part in in_parts(locks):
        found.update(LockFacts.objects.filter(pk__in=part).values_list("lock_id", "files"))
    return found


def live_versions(workspace_id: int, *, also: tuple[Status, ...] = ()) -> list[dict[str, Any]]:
    """Return the rows for `facts_of` of built versions that are published, deprecated or in a status of `also`."""
    rows = Version.objects.filter(
        environment__workspace_id=workspace_id, status__in=[*LIVE, *also], lock__isnull=False
    )
    return rows_of(rows)


def rows_of(versions: QuerySet[Version]) -> list[dict[str, Any]]:
    """Return the rows for `facts_of`: one query."""
    return [dict(row) for row in versions.order_by("pk").values(*COLUMNS)]


def facts_of(rows: list[dict[str, Any]]) -> dict[int, VersionFacts]:
    """Return the facts of versions by version id, without `near`, which is computed for one version only."""
    files = files_of(row["lock_id"] for row in rows)
    libraries = library_facts({file for one in files.values() for file in one})
    behind = _published_numbers({row["base__environment_id"] for row in rows if row["base__environment_id"]})
    shared: dict[int, tuple[LibraryFact, ...]] = {
        lock: tuple(libraries[file] for file in one) for lock, one in files.items()
    }
    return {row["pk"]: _facts(row, shared.get(row["lock_id"], ()), behind) for row in rows}


def _facts(row: dict[str, Any], libraries: tuple[LibraryFact, ...], behind: dict[int, list[int]]) -> VersionFacts:
    newer = [one for one in behind.get(row["base__environment_id"], ()) if one > (row["base__number"] or 0)]
    base = f"{row['base__environment__slug']}@{row['base__number']}" if row["base__number"] else ""
    return VersionFacts(
        reference=f"{row['environment__slug']}@{row['number']}",
        digest=row["lock__digest"],
        python=row["python"],
        size=row["lock__size"],
        libraries=libraries,
        tags=frozenset(row["environment__tags"]),
        base=base,
        base_behind=len(newer),
    )


def _published_numbers(environments: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    if environments:
        rows = Version.objects.filter(environment_id__in=environments, status=Status.PUBLISHED)
        for environment, number in rows.values_list("environment_id", "number"):
            found.setdefault(environment, []).append(number)
    return found


def near_to(
    workspace_id: int, environment_id: int, files: frozenset[int], *, least: float
) -> tuple[SimilarVersion, ...]:
    """Return other environments' newest published versions that share at least `least` (0 to 1) of the files."""
    rows = Version.objects.filter(
        environment__workspace_id=workspace_id, newest_of__isnull=False, lock__isnull=False
    ).exclude(environment_id=environment_id)
    others = {
        lock: f"{slug}@{number}" for lock, slug, number in rows.values_list("lock_id", "environment__slug", "number")
    }
    found = []
    for lock, theirs in files_of(others).items():
        shared = len(files.intersection(theirs)) / max(1, len(files.union(theirs)))
        if shared >= least:
            found.append(SimilarVersion(reference=others[lock], shared=shared))
    return tuple(sorted(found, key=lambda one: (-one.shared, one.reference)))


def versions_in_use(workspace_id: int) -> dict[str, frozenset[str]]:
    """Map each library to its versions in published environments."""
    rows = LockedLibrary.objects.filter(
        lock__versions__environment__workspace_id=workspace_id, lock__versions__status__in=LIVE
    )
    found: dict[str, set[str]] = {}
    for name, version in rows.values_list("name", "version").distinct():
        found.setdefault(name, set()).add(version)
    return {name: frozenset(versions) for name, versions in found.items()}


def projects(names: Iterable[str] | None = None) -> dict[str, Project]:
    """Return the stored index metadata of projects by name, only of `names` when given."""
    rows = ProjectFacts.objects.all() if names is None else ProjectFacts.objects.filter(pk__in=list(names))
    return {name: project_of(name, document) for name, document in rows.values_list("name", "document")}


def project_of(name: str, document: dict[str, Any]) -> Project:
    """Read a stored project."""
    return Project(
        name=name,
        newest=document["newest"],
        newest_at=date.fromisoformat(document["newest_at"]) if document["newest_at"] else None,
        status=document["status"],
        status_reason=document["status_reason"],
        yanked=document["yanked"],
        attested=frozenset(document["attested"]),
    )


def project_document(project: Project) -> dict[str, Any]:
    """Return a project as plain values; `project_of` reads them back."""
    return {
        "newest": project.newest,
        "newest_at": project.newest_at.isoformat() if project.newest_at else "",
        "status": project.status,
        "status_reason": project.status_reason,
        "yanked": dict(project.yanked),
        "attested": sorted(project.attested),
    }


def libraries_in_use() -> list[tuple[str, int]]:
    """Return each library in published versions, with the id of one workspace that uses it."""
    rows = LockedLibrary.objects.filter(lock__versions__status__in=LIVE).values_list("name")
    return list(rows.annotate(workspace=Min("lock__versions__environment__workspace")))


def people_in(versions: Iterable[int], since: datetime) -> int:
    """Return how many people launched any of these versions since a time."""
    found: set[int] = set()
    for part in in_parts(versions):
        rows = Launch.objects.filter(version_id__in=part, started_at__gte=since)
        found.update(rows.values_list("person_id", flat=True).distinct())
    return len(found)


def runtimes_in(workspace_id: int, references: Iterable[str]) -> int:
    """Return how many runtimes use one of these versions, by reference or as the newest of their environment."""
    names = set(references)
    newest = Environment.objects.filter(workspace_id=workspace_id, newest__isnull=False)
    numbers: dict[str, int] = dict(newest.values_list("slug", "newest__number"))
    used = Runtime.objects.filter(workspace_id=workspace_id).values_list("environment", flat=True)
    return sum((one if "@" in one else f"{one}@{numbers.get(one, 0)}") in names for one in used)


def without_facts() -> QuerySet[Lock]:
    """Return the locks whose facts are not stored yet."""
    return Lock.objects.filter(facts__isnull=True)
