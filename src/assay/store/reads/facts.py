"""Facts of versions in the form that policies use, loaded with a few queries for any number of versions.

The facts of a lock are written when it is first assessed. After that only the licence of a file changes, when it
becomes known exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Min, QuerySet

from assay.core.lifecycle import Status
from assay.core.observations import Observations
from assay.core.policy.facts import EarlierVersion, Libraries, LibraryFact, Project, SimilarVersion, VersionFacts
from assay.core.spec import name_of
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
    "spec",
    "base_id",
    "base__number",
    "base__lock_id",
    "base__lock__size",
    "base__environment_id",
    "base__environment__slug",
)
LIVE = (Status.PUBLISHED, Status.DEPRECATED)
RARE = 1000  # locks up to which those that contain a pin are counted
ROUNDING = 1e-9  # of a share times a number of pins
# How many locks contain each file's pin.
RARITY = """
SELECT
  (SELECT count(*) FROM
    (SELECT 1 FROM store_lockedlibrary l WHERE l.name = f.name AND l.version = f.version LIMIT {most}) counted),
  f.name, f.version
FROM store_lockedfile f WHERE f.id IN ({places})
"""


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
    earlier = _earlier_rows(rows)
    locks = _lock_facts([*(row["lock_id"] for row in rows), *(one.lock_id for one in earlier.values())])
    behind = _published_numbers({row["base__environment_id"] for row in rows if row["base__environment_id"]})
    bases = _base_names({row["base_id"] for row in rows if row["base_id"]})
    versions = _earlier_versions(earlier, locks)
    return {
        row["pk"]: _facts(row, locks.get(row["lock_id"], NO_FACTS), behind, bases, versions.get(row["pk"]))
        for row in rows
    }


def _facts(
    row: dict[str, Any],
    lock: StoredLock,
    behind: dict[int, list[int]],
    bases: dict[int, frozenset[str]],
    before: EarlierVersion | None,
) -> VersionFacts:
    newer = [one for one in behind.get(row["base__environment_id"], ()) if one > (row["base__number"] or 0)]
    base = f"{row['base__environment__slug']}@{row['base__number']}" if row["base__number"] else ""
    return VersionFacts(
        reference=f"{row['environment__slug']}@{row['number']}",
        digest=row["lock__digest"],
        python=row["python"],
        size=row["lock__size"],
        libraries=lock.libraries,
        tags=frozenset(row["environment__tags"]),
        base=base,
        base_behind=len(newer),
        direct=_names(row["spec"]) | bases.get(row["base_id"], frozenset()),
        build=lock.observations,
        before=before,
    )


@dataclass(frozen=True, kw_only=True)
class StoredLock:
    """The stored facts of a lock."""

    libraries: tuple[LibraryFact, ...] = ()
    observations: Observations | None = None


NO_FACTS = StoredLock()


def _lock_facts(locks: Iterable[int]) -> dict[int, StoredLock]:
    """Return the facts of locks; versions with the same lock share them."""
    stored: dict[int, tuple[list[int], dict[str, Any]]] = {}
    for part in in_parts(locks):
        rows = LockFacts.objects.filter(pk__in=part).values_list("lock_id", "files", "observations")
        stored.update({lock: (files, observations) for lock, files, observations in rows})
    libraries = library_facts({file for files, _ in stored.values() for file in files})
    return {
        lock: StoredLock(
            libraries=Libraries(map(libraries.__getitem__, files)), observations=Observations.from_dict(observations)
        )
        for lock, (files, observations) in stored.items()
    }


@dataclass(frozen=True, kw_only=True)
class _Earlier:
    """The version that another one is compared with, before its facts are read."""

    reference: str
    lock_id: int
    size: int


def _earlier_rows(rows: list[dict[str, Any]]) -> dict[int, _Earlier]:
    """Map each version to the one that it is compared with (see `compared_versions.predecessor`): one query."""
    published: dict[int, list[_Numbered]] = {}
    for part in in_parts(row["environment_id"] for row in rows):
        others = Version.objects.filter(environment_id__in=part, status__in=LIVE, lock__isnull=False)
        for environment, number, lock, size in others.order_by("number").values_list(
            "environment_id", "number", "lock_id", "lock__size"
        ):
            published.setdefault(environment, []).append((number, lock, size))
    found = {row["pk"]: _earlier(row, published.get(row["environment_id"], [])) for row in rows}
    return {pk: one for pk, one in found.items() if one}


_Numbered = tuple[int, int, int]  # number, lock, installed bytes


def _earlier(row: dict[str, Any], published: list[_Numbered]) -> _Earlier | None:
    before = [one for one in published if one[0] < row["number"]]
    if before:
        number, lock, size = before[-1]
        return _Earlier(reference=f"{row['environment__slug']}@{number}", lock_id=lock, size=size)
    if row["base__lock_id"]:
        reference = f"{row['base__environment__slug']}@{row['base__number']}"
        return _Earlier(reference=reference, lock_id=row["base__lock_id"], size=row["base__lock__size"])
    return None


def earlier_version(workspace_id: int, environment: str, base: str) -> EarlierVersion | None:
    """Return what a version to be built is compared with: the newest published one of its environment, or its base.

    `environment` is a short name, `base` `name@number`; either may be ''.
    """
    slug, _, number = base.partition("@")
    versions = Version.objects.filter(environment__workspace_id=workspace_id, status__in=LIVE, lock__isnull=False)
    newest = versions.filter(environment__slug=environment).order_by("-number") if environment else versions.none()
    named = versions.filter(environment__slug=slug, number=int(number)) if number.isdigit() else versions.none()
    columns = ("environment__slug", "number", "lock_id", "lock__size")
    found = newest.values_list(*columns).first() or named.values_list(*columns).first()
    if found is None:
        return None
    one = _Earlier(reference=f"{found[0]}@{found[1]}", lock_id=found[2], size=found[3])
    return _earlier_versions({0: one}, _lock_facts([one.lock_id]))[0]


def _earlier_versions(earlier: dict[int, _Earlier], locks: dict[int, StoredLock]) -> dict[int, EarlierVersion]:
    """Return what each version is compared with; equal ones are one value, whose indexes are made once."""
    made: dict[_Earlier, EarlierVersion] = {}
    for one in set(earlier.values()):
        lock = locks.get(one.lock_id, NO_FACTS)
        files = (lock.observations.startup_files if lock.observations else ()) or ()
        made[one] = EarlierVersion(
            reference=one.reference,
            size=one.size,
            libraries=lock.libraries,
            startup=frozenset((file.library, file.path, file.sha256) for file in files),
        )
    return {pk: made[one] for pk, one in earlier.items()}


def _base_names(bases: set[int]) -> dict[int, frozenset[str]]:
    """Map each base to the names that its spec and those of the bases under it require."""
    specs: dict[int, tuple[frozenset[str], int | None]] = {}
    wanted = set(bases)
    while wanted:
        for part in in_parts(wanted):
            for pk, spec, base in Version.objects.filter(pk__in=part).values_list("pk", "spec", "base_id"):
                specs[pk] = (_names(spec), base)
        wanted = {base for _, base in specs.values() if base} - specs.keys()
    return {pk: _with_bases(pk, specs) for pk in bases}


def _with_bases(pk: int | None, specs: dict[int, tuple[frozenset[str], int | None]]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    while pk is not None:
        names, pk = specs[pk]
        found |= names
    return found


def _names(spec: dict[str, Any]) -> frozenset[str]:
    return frozenset(name_of(line) for line in spec.get("libraries", ()))


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
    """Return the newest published versions of other environments that share at least `least` of all pins."""
    newest = Version.objects.filter(
        environment__workspace_id=workspace_id, active_of__isnull=False, lock__isnull=False
    ).exclude(environment_id=environment_id)
    others: dict[int, str] = {}
    for part in in_parts(_locks_with_any(_rarest(files, least))):
        rows = newest.filter(lock_id__in=part).values_list("lock_id", "environment__slug", "number")
        others |= {lock: f"{slug}@{number}" for lock, slug, number in rows}
    found = []
    for lock, theirs in files_of(others).items():
        shared = len(files.intersection(theirs)) / max(1, len(files.union(theirs)))
        if shared >= least:
            found.append(SimilarVersion(reference=others[lock], shared=shared))
    return tuple(sorted(found, key=lambda one: (-one.shared, one.reference)))


def _rarest(files: frozenset[int], least: float) -> list[tuple[str, str]]:
    """Return the rarest pins of a lock, as (name, version), of which each lock that shares `least` has at least one.

    A lock that shares a part t of all pins has t of these, so it lacks at most 1 - t of them (prefix filtering,
    Chaudhuri et al. 2006).
    """
    pins: list[tuple[int, str, str]] = []
    for part in in_parts(files):
        places = ", ".join(["%s"] * len(part))
        with connection.cursor() as cursor:
            cursor.execute(RARITY.format(most=RARE, places=places), part)
            pins += cursor.fetchall()
    needed = len(files) - math.ceil(least * len(files) - ROUNDING) + 1
    return [(name, version) for _, name, version in sorted(pins)[:needed]]


def _locks_with_any(pins: list[tuple[str, str]]) -> set[int]:
    """Return the locks that contain at least one of these pins."""
    found: set[int] = set()
    for name, version in pins:
        found.update(LockedLibrary.objects.filter(name=name, version=version).values_list("lock_id", flat=True))
    return found


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
        first_at=date.fromisoformat(document["first_at"]) if document.get("first_at") else None,
        releases=document.get("releases", 0),
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
        "first_at": project.first_at.isoformat() if project.first_at else "",
        "releases": project.releases,
        "status": project.status,
        "status_reason": project.status_reason,
        "yanked": dict(project.yanked),
        "attested": sorted(project.attested),
    }


def newest_locked() -> int | None:
    """Return the id of the library that was locked last, None without one: another one says that there is more."""
    newest: int | None = LockedLibrary.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest


def libraries_in_use() -> list[tuple[str, int]]:
    """Return each library of published versions, submissions and built drafts, with the id of one workspace."""
    statuses = [*LIVE, Status.PENDING, Status.DRAFT]
    rows = LockedLibrary.objects.filter(lock__versions__status__in=statuses).values_list("name")
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
    active = Environment.objects.filter(workspace_id=workspace_id, active__isnull=False)
    numbers: dict[str, int] = dict(active.values_list("slug", "active__number"))
    used = Runtime.objects.filter(workspace_id=workspace_id).values_list("environment", flat=True)
    return sum((one if "@" in one else f"{one}@{numbers.get(one, 0)}") in names for one in used)


def without_facts() -> QuerySet[Lock]:
    """Return the locks whose facts are not stored yet."""
    return Lock.objects.filter(facts__isnull=True)
