"""The disk usage of versions and environments: installed bytes, and those that nothing else uses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import connection
from django.db.models import Exists, OuterRef, Sum

from assay.core.lifecycle import Status
from assay.store.models import Lock, LockedLibrary, Version

# Bytes of files that no other version has.
OWN_BY_VERSION = """
SELECT v.id, SUM(l.size) FROM store_version v JOIN store_lockedlibrary l ON l.lock_id = v.lock_id
WHERE v.environment_id IN ({places}) AND v.status <> 'retired' AND NOT EXISTS (
  SELECT 1 FROM store_lockedlibrary o JOIN store_version w ON w.lock_id = o.lock_id
  WHERE o.file = l.file AND w.id <> v.id AND w.status <> 'retired')
GROUP BY v.id
"""
# Bytes of the distinct files of an environment; those that no other environment has.
FILES_BY_ENVIRONMENT = """
SELECT environment, SUM(size), SUM(CASE WHEN shared THEN 0 ELSE size END) FROM (
  SELECT v.environment_id AS environment, l.file, MAX(l.size) AS size, EXISTS (
    SELECT 1 FROM store_lockedlibrary o JOIN store_version w ON w.lock_id = o.lock_id
    WHERE o.file = l.file AND w.environment_id <> v.environment_id AND w.status <> 'retired') AS shared
  FROM store_version v JOIN store_lockedlibrary l ON l.lock_id = v.lock_id
  WHERE v.environment_id IN ({places}) AND v.status <> 'retired' GROUP BY v.environment_id, l.file) files
GROUP BY environment
"""
# Bytes of each lock that belong to no library, such as links and caches of the environment itself.
REST_BY_ENVIRONMENT = """
SELECT environment, SUM(rest) FROM (
  SELECT v.environment_id AS environment, k.size - SUM(l.size) AS rest
  FROM (SELECT DISTINCT environment_id, lock_id FROM store_version
        WHERE environment_id IN ({places}) AND status <> 'retired') v
  JOIN store_lock k ON k.id = v.lock_id JOIN store_lockedlibrary l ON l.lock_id = k.id
  GROUP BY v.environment_id, k.id, k.size) rests
GROUP BY environment
"""
# Bytes of all distinct files of a workspace.
ALL_FILES = """
SELECT SUM(size) FROM (
  SELECT l.file, MAX(l.size) AS size FROM store_lockedlibrary l
  WHERE l.lock_id IN (
    SELECT v.lock_id FROM store_version v JOIN store_environment e ON e.id = v.environment_id
    WHERE e.workspace_id = %s AND v.status <> 'retired')
  GROUP BY l.file) files
"""
# The one other environment that has a file of a lock, for each file that exactly one other has.
ONLY_OTHERS = """
SELECT DISTINCT first FROM (
  SELECT l.file AS file, (
    SELECT w.environment_id FROM store_lockedlibrary o JOIN store_version w ON w.lock_id = o.lock_id
    WHERE o.file = l.file AND w.environment_id <> %s AND w.status <> 'retired' LIMIT 1) AS first
  FROM store_lockedlibrary l WHERE l.lock_id = %s) files
WHERE first IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM store_lockedlibrary o JOIN store_version w ON w.lock_id = o.lock_id
  WHERE o.file = files.file AND w.environment_id <> %s AND w.environment_id <> first AND w.status <> 'retired')
"""


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


def own_by_version(environments: Sequence[int]) -> dict[int, int]:
    """Return the bytes that retiring each version would free, for versions of at most 500 environments: one query."""
    return {int(pk): int(size or 0) for pk, size in _rows(OWN_BY_VERSION, environments)}


def bytes_by_environment(environments: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the installed bytes of at most 500 environments, and those that no other environment uses: two queries.

    Versions that are retired have none. A file that several versions share counts once.
    """
    files = {int(pk): (int(size or 0), int(own or 0)) for pk, size, own in _rows(FILES_BY_ENVIRONMENT, environments)}
    rests = {int(pk): max(0, int(rest or 0)) for pk, rest in _rows(REST_BY_ENVIRONMENT, environments)}
    return {pk: (size + rests.get(pk, 0), own) for pk, (size, own) in files.items()}


def bytes_in_workspace(workspace_id: int) -> int:
    """Return the bytes of all files that versions of a workspace are installed from, each once: one query."""
    with connection.cursor() as cursor:
        cursor.execute(ALL_FILES, [workspace_id])
        return int(cursor.fetchone()[0] or 0)


def environments_whose_own_bytes_change(environment: int, lock: int) -> list[int]:
    """Return the other environments whose own bytes depend on whether an environment has a version of this lock.

    Each is the only other one that has some file of the lock. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(ONLY_OTHERS, [environment, lock, environment])
        return [int(row[0]) for row in cursor.fetchall()]


def _rows(statement: str, environments: Sequence[int]) -> list[tuple[int, ...]]:
    if not environments:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.format(places=", ".join(["%s"] * len(environments))), list(environments))
        return list(cursor.fetchall())
