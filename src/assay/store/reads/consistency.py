"""The versions of each library across the newest published versions of all environments."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from assay.core.comparison.consistency import Spread, diverges, spread
from assay.core.comparison.nearest_index import NearestIndex
from assay.core.roles import Actor
from assay.store.reads.keyset import Key, Page, page_in_memory
from assay.store.reads.nearest import index_of, newest_of


def consistency(
    actor: Actor,
    *,
    library: str = "",
    text: str = "",
    diverging: bool = True,
    conflicts: bool = False,
    descending: bool = False,
    limit: int = 50,
    cursor: str = "",
) -> Page[Spread]:
    """Return a page of libraries ordered by name.

    With `diverging` only libraries used in several versions, with `conflicts` only those for which no version
    satisfies all environments. `text` must be part of the name. `library` selects a single one, diverging or not.
    """
    with index_of(actor) as index:
        live = live_counts(index)
        if library:
            names = [str(canonicalize_name(library))]
        else:
            part = canonicalize_name(text)
            names = [name for name in live if part in name and (diverges(live[name]) or not diverging)]

        def row(key: Key) -> Spread | None:
            found = _spread(index, key[0], live[key[0]])
            return found if found.conflict or not conflicts else None

        keys = [(name,) for name in names if name in live]
        return page_in_memory(keys, row, limit=limit, cursor=cursor, descending=descending)


def live_counts(index: NearestIndex) -> dict[str, dict[str, int]]:
    """Return how many environments have each version of each library; cached until the index changes."""
    if "live" not in index.cache:
        index.cache["newest"] = index.slots(newest_of(index.keys))
        index.cache["live"] = dict(index.live(index.cache["newest"]))
    live: dict[str, dict[str, int]] = index.cache["live"]
    return live


def _spread(index: NearestIndex, name: str, counts: dict[str, int]) -> Spread:
    newest = index.cache["newest"]
    holders = {version: index.holders(name, version, newest) for version in counts}
    return spread(name, holders, index.requirements(name, newest) if diverges(counts) else ())
