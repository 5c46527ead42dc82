"""Search for the published versions nearest to a profile of required libraries.

Each process has one index per workspace. It begins with the file that the worker of this host keeps, which all
processes share in memory (docs/decisions/0031), and is updated from the audit log before each use: the environments
of new events are reloaded. Where no file fits, a small workspace is read as a whole; of a large one only the newest
versions are compared until the worker has written the file, and `is_complete` says so.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from assay.core.comparison.nearest_index import NearestIndex
from assay.core.comparison.packed_profiles import sections_of
from assay.core.comparison.similarity import Nearness, Profile
from assay.core.roles import Actor
from assay.store.models import Version, Workspace
from assay.store.packed_files import facts_of_packed, identity, open_packed, write_packed
from assay.store.reads.events_since import Position, continues, events_since
from assay.store.reads.libraries import lines_of
from assay.store.reads.published_profiles import profiles_of, published_in

WORKSPACES = 8  # cached indexes; the least recently used is dropped first
MOST = 20_000  # versions in one index, those published last
READ_AT_ONCE = 200  # versions that a request reads from the database at most
MAX_RELOADED = 500  # environments that a request reloads at most
MAX_CHANGES = 2_000  # versions added or removed that a process keeps beside the file at most
DUE_CHANGES = 100  # changed environments after which the file is written again
DUE_EVENTS = 10_000  # events after which it is written again, so that a start reads no more of them


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
        cached.refresh(workspace_id, most=READ_AT_ONCE, reloaded=MAX_RELOADED)
        yield cached.index


def is_complete(workspace_id: int) -> bool:
    """Return whether answers in a workspace compare all its published versions."""
    cached = _cached_index(workspace_id)
    with cached.lock:
        cached.refresh(workspace_id, most=READ_AT_ONCE, reloaded=MAX_RELOADED)
        return cached.complete


def preload_indexes() -> None:
    """Open the indexes of the first `WORKSPACES` workspaces, so that no first search waits for it."""
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True)[:WORKSPACES]:
        cached = _cached_index(workspace_id)
        with cached.lock:
            cached.refresh(workspace_id, most=READ_AT_ONCE, reloaded=MAX_RELOADED)


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
    """The index of a workspace, and the position in the audit log up to which it is current.

    `complete` is False while versions are missing because a request does not read that many.
    """

    index: NearestIndex = field(default_factory=lambda: NearestIndex(environment_of))
    lock: threading.Lock = field(default_factory=threading.Lock)
    seen: Position | None = None
    complete: bool = True
    file: tuple[int, int, int] | None = None

    def refresh(self, workspace_id: int, *, most: int, reloaded: int) -> None:
        """Update the index with at most `most` versions: one query when nothing has changed."""
        now = _position(workspace_id)
        if now == self.seen and (self.complete or identity(file_of(workspace_id)) == self.file):
            return
        self._take_file(workspace_id)
        published = published_in(workspace_id)
        changed = _changed(workspace_id, self.seen, reloaded)
        if changed is None:
            self.index = NearestIndex(environment_of)
            self.index.load(profiles_of(published, most))
            self.complete = not published.order_by()[most : most + 1].exists() or most >= MOST
        elif changed:
            self._reload(published, changed, most)
        self.seen = now

    def _take_file(self, workspace_id: int) -> None:
        """Continue with the file of this host when it was replaced since the last time."""
        path = file_of(workspace_id)
        there = identity(path)
        if there == self.file:
            return
        self.file = there
        packed = open_packed(path)
        if packed is None:
            path.unlink(missing_ok=True)  # it is damaged: the worker writes it anew
        position = _position_in(packed.facts) if packed else None
        if packed and position and continues(workspace_id, position):
            self.index, self.seen, self.complete = NearestIndex(environment_of, packed), position, True

    def _reload(self, published: QuerySet[Version], changed: set[str], most: int) -> None:
        rows = published.filter(environment__slug__in=changed).values_list("pk", "environment__slug", "number")
        keys = {f"{slug}@{number}": pk for pk, slug, number in rows}
        kept = {key for key in self.index.keys if environment_of(key) in changed}
        for key in kept - keys.keys():
            self.index.remove(key)
        fresh = [pk for key, pk in keys.items() if key not in kept]  # a published version does not change
        room = min(most, max(MAX_CHANGES, most) - self.index.changes)
        self.complete = self.complete and len(fresh) <= room
        for key, profile in profiles_of(published.filter(pk__in=fresh), max(room, 0)):
            self.index.add(key, profile)


_indexes: OrderedDict[int, _CachedIndex] = OrderedDict()
_guard = threading.Lock()

# Positions in the audit log


def _position(workspace_id: int) -> Position:
    return Workspace.objects.values_list("event_count", "event_head").get(pk=workspace_id)


def _position_in(facts: Mapping[str, Any]) -> Position:
    return facts["events"], facts["head"]


def _changed(workspace_id: int, position: Position | None, most: int) -> set[str] | None:
    """Return the environments with events since a position, or None when there are more, or the log is another."""
    events = events_since(workspace_id, position) if position else None
    if events is None:
        return None
    found = {environment for name, environment in events if environment and name.startswith("version.")}
    return found if len(found) <= most else None


# The file of this host


def file_of(workspace_id: int) -> Path:
    """Return the file with the index of a workspace. It can be removed at any time: the worker writes it anew."""
    return Path(settings.HOME) / "indexes" / f"nearest-{workspace_id}"


def is_file_due(workspace_id: int) -> bool:
    """Return whether the file must be written: none is there, it is of another log, or much has changed since."""
    if not published_in(workspace_id).order_by()[READ_AT_ONCE : READ_AT_ONCE + 1].exists():
        return False
    facts = facts_of_packed(file_of(workspace_id))
    position = _position_in(facts) if facts else None
    if position is None or _position(workspace_id)[0] - position[0] > DUE_EVENTS:
        return True
    return _changed(workspace_id, position, DUE_CHANGES) is None


def write_file(workspace_id: int) -> int:
    """Write the file from the earlier one and what has changed since; return the number of versions in it."""
    cached = _CachedIndex()
    cached.refresh(workspace_id, most=MOST, reloaded=MOST)
    events, head = cached.seen or (0, "")
    write_packed(file_of(workspace_id), sections_of(cached.index.profiles()), {"events": events, "head": head})
    return len(cached.index.keys)
