"""Search for library names: exact ones and those that begin with the text first, then similar ones."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice, takewhile

MAX_TEXT = 100  # characters; longer names do not exist on the public index
LEAST_CLOSE = 0.34  # below it, two names have little in common
LIVE_BONUS, WIDELY_USED_BONUS = 0.2, 0.12  # a known name is meant more often than an unknown one as close
SEPARATORS = re.compile(r"[-_.\s]+")
FIRST_WORD = re.compile(r"[^\s<>=!~;\[\],#()'\"@][^<>=!~;\[\],#()'\"@]*")


class GramIndex:
    """A few thousand names in memory, found by their beginning and by shared grams."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(self._names):
            for gram in grams(name):
                self._places.setdefault(gram, []).append(place)

    def find(self, text: str, limit: int) -> set[str]:
        """Return all names that begin with a text, and the `limit` others that have most grams in common with it."""
        start = bisect_left(self._names, text)
        begin = takewhile(lambda name: name.startswith(text), islice(self._names, start, None))
        counts = Counter(place for gram in grams(text) for place in self._places.get(gram, ()))
        return {*begin, *(self._names[place] for place, _ in counts.most_common(limit))}


class Match(IntEnum):
    """How a name matches the text, the best first."""

    EXACT = 0
    PREFIX = 1
    SIMILAR = 2


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A name that may be meant. `environments` contain it today, `people` launched those in the last weeks.

    `rank` is its place among the most used libraries of all, None when it is not among them.
    """

    name: str
    environments: int = 0
    people: int = 0
    rank: int | None = None


def search_text(text: str) -> str:
    """Return what is searched for: the name at the start of a typed line, normalised (PEP 503).

    A separator at its end stays: `scikit-` finds what begins so.
    """
    found = FIRST_WORD.search(text[:MAX_TEXT])
    return SEPARATORS.sub("-", found[0].strip()).lower().lstrip("-") if found else ""


def grams(name: str) -> list[str]:
    """Return the three-letter parts of a name, each once, with its two ends marked."""
    marked = f"^{name}$"
    return list(dict.fromkeys(marked[at : at + 3] for at in range(len(marked) - 2)))


def closeness(text: str, name: str) -> float:
    """Return how close two names are, from 0 to 1: the shared part of their grams (Dice); containing counts more."""
    ours, theirs = set(grams(text)), set(grams(name))
    shared = 2 * len(ours & theirs) / (len(ours) + len(theirs)) if ours and theirs else 0.0
    contained = 0.5 + 0.5 * len(text) / len(name) if text in name else 0.0
    return max(shared, contained)


def match_of(text: str, name: str) -> Match:
    """Return how a name matches the text."""
    if name == text.rstrip("-"):
        return Match.EXACT
    return Match.PREFIX if name.startswith(text) else Match.SIMILAR


def best(text: str, candidates: Iterable[Candidate], limit: int, *, meant: str = "") -> list[Candidate]:
    """Return the best candidates, each name once; `meant` is the name that the text most likely misspells.

    Exact and prefix matches come first; in each group those in use in the workspace, then by use.
    """
    kept: dict[str, tuple[tuple[float, ...], Candidate]] = {}
    for one in candidates:
        key = _key(text, one, meant)
        if key is not None:
            kept[one.name] = (key, one)
    ordered = sorted(kept.values(), key=lambda pair: (pair[0], pair[1].name))
    return [one for _, one in ordered[:limit]]


def _key(text: str, one: Candidate, meant: str) -> tuple[float, ...] | None:
    """Return the sort key of a candidate, None for one that is not close enough."""
    match = match_of(text, one.name)
    rank = float("inf") if one.rank is None else one.rank
    use = (-one.people, -one.environments, rank)
    if match is not Match.SIMILAR:
        return (match, not one.environments, *use)
    close = closeness(text, one.name)
    if one.name == meant:
        return (match, 0.0, *use)
    if close < LEAST_CLOSE:
        return None
    bonus = LIVE_BONUS if one.environments else WIDELY_USED_BONUS if one.rank is not None else 0.0
    return (match, 2.0 - close - bonus, *use)
