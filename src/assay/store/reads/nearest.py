"""Search for the published versions nearest to a profile of required libraries.

One index per workspace is cached in memory. Before each use it is updated from the audit log: the environments
of new events are reloaded, or everything when the log does not continue the one last read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from assay.core.comparison.nearest_index import NearestIndex
from assay.core.comparison.similarity import Nearness, Profile
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.store.models import Event, LockedLibrary, Version, Workspace
from assay.store.reads.libraries import lines_of

WORKSPACES = 8  # cached indexes; the least recently used is dropped first
MOST = 20_000  # versions in one index, those published last
MAX_RELOADED = 500  # environments reloaded individually; when more have changed, all are reloaded
CHUNK = 1_000  # locks per query


def nearest(actor: Actor, need: Profile, *, limit: int = 10, exclude: str = "") -> list[Nearness]:
    """Return the published versions nearest to a profile, best first, one per environment, without `exclude`."""
    with index_of(actor) as index:
        return index.nearest(need, limit=limit, exclude=exclude)


def need_of(version: Version) -> Profile:
    """Return the profile of a version; before it is built the profile has only the lines of its spec."""
    locked = version.lock.content["libraries"] if version.lock else ()
    return Profile(
        python=version.python,
        lines=lines_of(version.parsed_spec.libraries, version.base),
        versions={one["name"]: one["version"] for one in locked},
        digest=version.digest,
    )


def index_of(actor: Actor) -> AbstractContextManager[NearestIndex]:
    """Yield the up-to-date index of the actor's workspace, under an exclusive lock."""
    return index_in(actor.workspace_id)


@contextmanager
def index_in(workspace_id: int) -> Iterator[NearestIndex]:
    """Yield the up-to-date index of a workspace, under an exclusive lock."""
    cached = _cached_index(workspace_id)
    with cached.lock:
        cached.refresh(workspace_id)
        yield cached.index


def preload_indexes() -> None:
    """Load the indexes of the first `WORKSPACES` workspaces, so that no first search waits for it."""
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True)[:WORKSPACES]:
        cached = _cached_index(workspace_id)
        with cached.lock:
            cached.refresh(workspace_id)


def _cached_index(workspace_id: int) -> _CachedIndex:
    with _guard:
        cached = _indexes.setdefault(workspace_id, _CachedIndex())
        _indexes.move_to_end(workspace_id)
        while len(_indexes) > WORKSPACES:
            _indexes.popitem(last=False)
    return cached


def environment_of(reference: str) -> str:
    """Return the short name in `name@number`."""
    return reference.partition("@")[0]


def newest_of(references: list[str]) -> list[str]:
    """Return the newest version of each environment among references."""
    newest: dict[str, int] = {}
    for reference in references:
        slug, _, number = reference.partition("@")
        newest[slug] = max(newest.get(slug, 0), int(number))
    return [f"{slug}@{number}" for slug, number in newest.items()]


@dataclass
class _CachedIndex:
    """The index of a workspace and the position in the audit log up to which it is current."""

    index: NearestIndex = field(default_factory=lambda: NearestIndex(environment_of))
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: tuple[int, str] | None = None

    def refresh(self, workspace_id: int) -> None:
        """Update the index: one query when nothing has changed."""
        now = Workspace.objects.values_list("event_count", "event_head").get(pk=workspace_id)
        if now == self.seen:
            return
        published = Version.objects.filter(
            environment__workspace_id=workspace_id, status=Status.PUBLISHED, lock__isnull=False
        ).exclude(health=Health.QUARANTINED)
        changed = self._changed(workspace_id)
        if changed is None:
            self.index = NearestIndex(environment_of)
            self.index.load(_profiles(published))
        elif changed:
            self._reload(published, changed)
        self.seen = now

    def _changed(self, workspace_id: int) -> set[str] | None:
        """Return the environments with events since the last update, or None when all must be reloaded."""
        count, head = self.seen or (0, "")
        events = Event.objects.filter(workspace_id=workspace_id)
        if not events.filter(sequence=count, hash=head).exists():
            return None
        named = events.filter(sequence__gt=count).exclude(environment="").order_by()
        found = set(named.values_list("environment", flat=True).distinct()[: MAX_RELOADED + 1])
        return found if len(found) <= MAX_RELOADED else None

    def _reload(self, published: QuerySet[Version], changed: set[str]) -> None:
        rows = published.filter(environment__slug__in=changed).values_list("pk", "environment__slug", "number")
        keys = {f"{slug}@{number}": pk for pk, slug, number in rows}
        kept = {key for key in self.index.keys if environment_of(key) in changed}
        for key in kept - keys.keys():
            self.index.remove(key)
        fresh = [pk for key, pk in keys.items() if key not in kept]  # a published version does not change
        for key, profile in _profiles(published.filter(pk__in=fresh)):
            self.index.add(key, profile)


_indexes: OrderedDict[int, _CachedIndex] = OrderedDict()
_guard = threading.Lock()


def _profiles(versions: QuerySet[Version]) -> Iterator[tuple[str, Profile]]:
    """Yield the profiles of versions by reference, those published last at the end."""
    columns = ("environment__slug", "number", "python", "spec", "base_id", "lock_id", "lock__digest")
    rows = list(versions.order_by("-published_at", "-pk").values(*columns)[:MOST])[::-1]
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
