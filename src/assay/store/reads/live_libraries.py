"""Libraries that are live in a workspace: in which versions, in which environments, and how much these are used."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from assay.core.comparison.diff import newest_first
from assay.core.comparison.nearest_index import NearestIndex
from assay.core.library_search import Candidate, GramIndex
from assay.core.roles import Actor
from assay.store.models import Lock, UsageSummary, Version
from assay.store.reads.consistency import live_counts
from assay.store.reads.nearest import index_of, newest_of

USED_DAYS = 30
MOST_USED = 200  # environments whose people count; the others are launched rarely
PEOPLE_KEPT = 300.0  # seconds that the counts of people are kept
SHOWN = 5  # environments named for each version; `count` counts all
SIMILAR = 60  # names in the answer that share letters with the text
MOST_LOCKS = 8  # reports read for one answer; the next answer reads the others


@dataclass(frozen=True, kw_only=True)
class LiveVersion:
    """A version of a library in `count` environments, of which `environments` are the first, by name."""

    version: str
    count: int
    environments: tuple[str, ...]


def live_candidates(actor: Actor, text: str) -> list[Candidate]:
    """Return the live libraries whose names begin with a text or resemble it, with their use; at most one query."""
    with index_of(actor) as index:
        counts, people = live_counts(index), _people(actor, index)
        if "grams" not in index.cache:
            index.cache["grams"] = GramIndex(counts)
        found: set[str] = index.cache["grams"].find(text, SIMILAR)
        return [Candidate(name=name, environments=sum(counts[name].values()), people=people[name]) for name in found]


def live_in(actor: Actor, names: Iterable[str]) -> dict[str, tuple[LiveVersion, ...]]:
    """Return where the named libraries are live, the newest version first; names that are not live are left out."""
    found = {}
    with index_of(actor) as index:
        counts = live_counts(index)
        for name in names:
            if name in counts:
                found[name] = tuple(
                    LiveVersion(
                        version=version,
                        count=counts[name][version],
                        environments=tuple(sorted(index.holders(name, version, index.cache["newest"]))[:SHOWN]),
                    )
                    for version in newest_first(counts[name])
                )
    return found


def _people(actor: Actor, index: NearestIndex) -> Counter[str]:
    """Return how many people launched environments with a library, by name: one query every few minutes."""
    known: tuple[float, Counter[str]] | None = index.cache.get("people")
    if known and time.monotonic() - known[0] < PEOPLE_KEPT:
        return known[1]
    rows = UsageSummary.objects.filter(workspace_id=actor.workspace_id, days=USED_DAYS, people__gt=0)
    used = dict(rows.order_by("-people").values_list("environment__slug", "people")[:MOST_USED])
    found: Counter[str] = Counter()
    for key in newest_of(index.keys):
        people = used.get(key.partition("@")[0])
        if people:
            found.update(dict.fromkeys(index.profile(key).versions, people))
    index.cache["people"] = (time.monotonic(), found)
    return found


def summaries(actor: Actor, references: Mapping[str, str]) -> dict[str, str]:
    """Return the summaries of libraries, each from the report of a version that contains it: at most two queries."""
    slugs = {one.partition("@")[0] for one in references.values()}
    rows = Version.objects.filter(environment__workspace_id=actor.workspace_id, environment__slug__in=slugs)
    locks = {
        f"{slug}@{number}": lock for slug, number, lock in rows.values_list("environment__slug", "number", "lock_id")
    }
    wanted = {name: locks[one] for name, one in references.items() if locks.get(one)}
    missing = [lock for lock in dict.fromkeys(wanted.values()) if lock not in _KNOWN][:MOST_LOCKS]
    if missing:
        for lock, libraries in Lock.objects.filter(pk__in=missing).values_list("pk", "report__libraries"):
            _remember(lock, {one["name"]: one.get("summary", "") for one in libraries or ()})
    return {name: _KNOWN.get(lock, {}).get(name, "") for name, lock in wanted.items()}


_KNOWN: dict[int, dict[str, str]] = {}  # a lock's report never changes
KEPT_LOCKS = 64


def _remember(lock: int, found: dict[str, str]) -> None:
    while len(_KNOWN) >= KEPT_LOCKS:
        _KNOWN.pop(next(iter(_KNOWN)))
    _KNOWN[lock] = found
