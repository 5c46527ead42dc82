"""Which versions of which library are live: the newest published version of each environment counts."""

from __future__ import annotations

from itertools import islice

from packaging.utils import canonicalize_name

from assay.core.comparison.consistency import Spread, diverges, spread
from assay.core.comparison.nearest_index import Shelf
from assay.core.roles import Actor
from assay.store.reads.nearest import newest_of, shelf_of


def consistency(
    actor: Actor,
    *,
    library: str = "",
    diverging: bool = True,
    conflicts: bool = False,
    after: str = "",
    limit: int = 50,
) -> list[Spread]:
    """Return libraries by name, at most `limit` of those after the name `after`.

    Only those live in several versions unless `diverging` is off; with `conflicts` only those that
    environments could not share. `library` asks for one, diverging or not.
    """
    with shelf_of(actor) as shelf:
        live = _live(shelf)
        names = [canonicalize_name(library)] if library else live
        asked = (name for name in names if library or (name > after and (diverges(live[name]) or not diverging)))
        found = (_spread(shelf, name, live[name]) for name in asked if name in live)
        return list(islice((one for one in found if one.conflict or not conflicts), limit))


def _live(shelf: Shelf) -> dict[str, dict[str, int]]:
    """Return how many environments hold each version of each library; worked out once for each state of the shelf."""
    if "live" not in shelf.answers:
        shelf.answers["newest"] = shelf.slots(newest_of(shelf.keys))
        shelf.answers["live"] = dict(shelf.live(shelf.answers["newest"]))
    live: dict[str, dict[str, int]] = shelf.answers["live"]
    return live


def _spread(shelf: Shelf, name: str, counts: dict[str, int]) -> Spread:
    among = shelf.answers["newest"]
    holders = {version: shelf.holders(name, version, among) for version in counts}
    return spread(name, holders, shelf.asking(name, among) if diverges(counts) else ())
