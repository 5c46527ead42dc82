"""The versions of each library across the newest published versions of all environments."""

from __future__ import annotations

from itertools import islice

from packaging.utils import canonicalize_name

from assay.core.comparison.consistency import Spread, diverges, spread
from assay.core.comparison.nearest_index import NearestIndex
from assay.core.roles import Actor
from assay.store.reads.nearest import index_of, newest_of


def consistency(
    actor: Actor,
    *,
    library: str = "",
    text: str = "",
    diverging: bool = True,
    conflicts: bool = False,
    after: str = "",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> list[Spread]:
    """Return libraries ordered by name: at most `limit`, starting after the name `after`, skipping `offset`.

    With `diverging` only libraries used in several versions, with `conflicts` only those for which no version
    satisfies all environments. `text` must be part of the name. `library` selects a single one, diverging or not.
    """
    with index_of(actor) as index:
        live = live_counts(index)
        if library:
            names = [str(canonicalize_name(library))]
        else:
            part = canonicalize_name(text)
            named = [name for name in live if name > after and part in name]
            names = [name for name in named if diverges(live[name]) or not diverging]
        if descending:
            names.reverse()
        rows = (_spread(index, name, live[name]) for name in names if name in live)
        return list(islice((one for one in rows if one.conflict or not conflicts), offset, offset + limit))


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
