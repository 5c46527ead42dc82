"""Published versions by what they ask for and hold: which are nearest to a need.

One shelf for each workspace is kept in memory. The trail says what happened since it was last asked: the
environments that its events name are read again, or everything when the trail is not the one that was seen.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from assay.core.comparison.nearest_index import NearestIndex
from assay.core.comparison.similarity import Nearness, Profile
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor
from assay.store.models import Event, LockedLibrary, Version, Workspace
from assay.store.reads.libraries import lines_of

WORKSPACES = 8  # shelves kept at a time; the one that was asked longest ago goes first
MOST = 20_000  # versions on one shelf, those published last
AT_ONCE = 500  # environments that are read again singly; when more have changed, all are
CHUNK = 1_000  # locks read by one query


def nearest(actor: Actor, need: Profile, *, limit: int = 10, exclude: str = "") -> list[Nearness]:
    """Return the published versions nearest to a need, best first, one of each environment, `exclude` left out."""
    with index_of(actor) as index:
        return index.nearest(need, limit=limit, exclude=exclude)


def need_of(version: Version) -> Profile:
    """Return a version as a need; before it is built only what it asks for is known."""
    locked = version.lock.content["libraries"] if version.lock else ()
    return Profile(
        python=version.python,
        lines=lines_of(version.parsed_spec.libraries, version.base),
        versions={one["name"]: one["version"] for one in locked},
        digest=version.digest,
    )


@contextmanager
def index_of(actor: Actor) -> Iterator[NearestIndex]:
    """Lend the shelf of the actor's workspace, as it is now; nobody else uses it meanwhile."""
    kept = _kept(actor.workspace_id)
    with kept.turn:
        kept.refresh(actor.workspace_id)
        yield kept.index


def read_ahead() -> None:
    """Read the shelves of the first workspaces, so that nobody's first question waits for that."""
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True)[:WORKSPACES]:
        kept = _kept(workspace_id)
        with kept.turn:
            kept.refresh(workspace_id)


def _kept(workspace_id: int) -> _Kept:
    with _guard:
        kept = _indexes.setdefault(workspace_id, _Kept())
        _indexes.move_to_end(workspace_id)
        while len(_indexes) > WORKSPACES:
            _indexes.popitem(last=False)
    return kept


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
class _Kept:
    """A shelf and the place in the trail up to which it was read."""

    index: NearestIndex = field(default_factory=lambda: NearestIndex(environment_of))
    turn: threading.Lock = field(default_factory=threading.Lock)
    seen: tuple[int, str] | None = None

    def refresh(self, workspace_id: int) -> None:
        """Bring the shelf up to date: one query when nothing happened."""
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
            self._read_again(published, changed)
        self.seen = now

    def _changed(self, workspace_id: int) -> set[str] | None:
        """Return the environments that events name since the last look, or None when all are to be read."""
        count, head = self.seen or (0, "")
        trail = Event.objects.filter(workspace_id=workspace_id)
        if not trail.filter(sequence=count, hash=head).exists():
            return None
        named = trail.filter(sequence__gt=count).exclude(environment="").order_by()
        found = set(named.values_list("environment", flat=True).distinct()[: AT_ONCE + 1])
        return found if len(found) <= AT_ONCE else None

    def _read_again(self, published: QuerySet[Version], changed: set[str]) -> None:
        there = published.filter(environment__slug__in=changed).values_list("pk", "environment__slug", "number")
        keys = {f"{slug}@{number}": pk for pk, slug, number in there}
        kept = {key for key in self.index.keys if environment_of(key) in changed}
        for key in kept - keys.keys():
            self.index.remove(key)
        fresh = [pk for key, pk in keys.items() if key not in kept]  # what is published stays as it is
        for key, profile in _profiles(published.filter(pk__in=fresh)):
            self.index.add(key, profile)


_indexes: OrderedDict[int, _Kept] = OrderedDict()
_guard = threading.Lock()


def _profiles(versions: QuerySet[Version]) -> Iterator[tuple[str, Profile]]:
    """Read versions as profiles, those published last at the end."""
    columns = ("environment__slug", "number", "python", "spec", "base_id", "lock_id", "lock__digest")
    rows = list(versions.order_by("-published_at", "-pk").values(*columns)[:MOST])[::-1]
    bases = _bases({row["base_id"] for row in rows} - {None})
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        held = _held({row["lock_id"] for row in chunk})
        for row in chunk:
            yield (
                f"{row['environment__slug']}@{row['number']}",
                Profile(
                    python=row["python"],
                    lines=tuple(dict.fromkeys([*row["spec"]["libraries"], *_lines_below(row["base_id"], bases)])),
                    versions=held.get(row["lock_id"], {}),
                    digest=row["lock__digest"],
                ),
            )


def _held(locks: set[int]) -> dict[int, dict[str, str]]:
    """Return the versions by name that each lock holds."""
    held: dict[int, dict[str, str]] = {}
    rows = LockedLibrary.objects.filter(lock__in=locks).order_by().values_list("lock_id", "name", "version")
    for lock, name, version in rows.iterator(chunk_size=10_000):
        held.setdefault(lock, {})[name] = version
    return held


def _bases(wanted: set[int]) -> dict[int, dict[str, Any]]:
    """Return the specs of these versions and of all bases under them: a query for each level."""
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
