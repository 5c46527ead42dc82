"""Search for libraries while composing: in use in the workspace first, then the names of its package indexes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assay.core.library_search import Candidate, GramIndex, Match, best, match_of, search_text
from assay.core.roles import Actor, Right, check_right
from assay.engine.interface import Index
from assay.flow.assess.context import names_in_use
from assay.flow.package_indexes import PackageIndexes, indexes_in
from assay.flow.watch.index_names import names_path
from assay.sources.name_lists import MOST_USED, read_names
from assay.store.name_table import open_names
from assay.store.reads.facts import projects
from assay.store.reads.live_libraries import LiveVersion, live_candidates, live_in, summaries

MAX_LIMIT = 100  # names in one answer
SIMILAR = 60  # widely used names that are compared with the text
MIN_SIMILAR = 3  # letters; shorter texts resemble too much


@dataclass(frozen=True, kw_only=True)
class FoundLibrary:
    """One name. `index` serves it; `live` is where the workspace has it; `summary` and `newest` are '' if unknown."""

    name: str
    match: Match
    index: str
    live: tuple[LiveVersion, ...] = ()
    environments: int = 0
    people: int = 0
    widely_used: bool = False
    summary: str = ""
    newest: str = ""


def search(actor: Actor, text: str, limit: int) -> list[FoundLibrary]:
    """Return at most `limit` libraries for a typed text, the best first; none for a text without a name.

    A name that belongs to an index by pattern is searched for in that index only.
    """
    check_right(actor, Right.COMPOSE)
    wanted = search_text(text)
    if not wanted:
        return []
    sources, limit = indexes_in(actor.workspace_id), min(limit, MAX_LIMIT)
    live = {one.name: one for one in live_candidates(actor, wanted)}
    ranks = _ranks()
    known = {name: Candidate(name=name, rank=ranks[name]) for name in _widely_used().find(wanted, SIMILAR)}
    listed, listing = _listed(sources, wanted, limit, set(known))
    candidates = {name: Candidate(name=name, rank=ranks.get(name)) for name in listed}
    candidates |= {name: one for name, one in known.items() if name in listed or not listing(name)}
    candidates |= {
        name: Candidate(name=name, environments=one.environments, people=one.people, rank=ranks.get(name))
        for name, one in live.items()
    }
    meant = names_in_use(frozenset()).find(wanted) if len(wanted) >= MIN_SIMILAR else None
    chosen = best(wanted, candidates.values(), limit, meant=meant.name if meant else "")
    return _described(actor, sources, wanted, chosen)


def _listed(sources: PackageIndexes, text: str, limit: int, also: set[str]) -> tuple[set[str], Callable[[str], bool]]:
    """Return the listed names that match a text or are in `also`, and whether the owner of a name has a list."""
    found, lists = set[str](), set[str]()
    for source in sources.every:
        table = open_names(names_path(source, sources))
        if table is None:
            continue

        def owned(name: str, source: Index = source) -> bool:
            return sources.owner_of(name) is source

        lists.add(source.name)
        with table:
            found.update(table.beginning_with(text, limit, owned))
            if len(text) >= MIN_SIMILAR:
                found.update(table.similar_to(text, owned))
            found.update(table.among(name for name in also if owned(name)))
    return found, lambda name: sources.owner_of(name).name in lists


def _described(actor: Actor, sources: PackageIndexes, text: str, chosen: list[Candidate]) -> list[FoundLibrary]:
    names = [one.name for one in chosen]
    live, known = live_in(actor, names), projects(names)
    told = summaries(actor, {name: places[0].environments[0] for name, places in live.items()})
    return [
        FoundLibrary(
            name=one.name,
            match=match_of(text, one.name),
            index=sources.owner_of(one.name).name,
            live=live.get(one.name, ()),
            environments=one.environments,
            people=one.people,
            widely_used=one.rank is not None,
            summary=told.get(one.name, ""),
            newest=known[one.name].newest if one.name in known else "",
        )
        for one in chosen
    ]


def _most_used() -> tuple[str, ...]:
    return _read(str(settings.MOST_USED_NAMES or MOST_USED))


@lru_cache(maxsize=1)
def _read(path: str) -> tuple[str, ...]:
    return read_names(Path(path))


def _ranks() -> dict[str, int]:
    return _ranks_of(_most_used())


@lru_cache(maxsize=1)
def _ranks_of(names: tuple[str, ...]) -> dict[str, int]:
    return {name: rank for rank, name in enumerate(names)}


def _widely_used() -> GramIndex:
    return _gram_index(_most_used())


@lru_cache(maxsize=1)
def _gram_index(names: tuple[str, ...]) -> GramIndex:
    return GramIndex(names)
