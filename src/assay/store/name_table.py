"""The names of a package index in a SQLite file of its own: found by their beginning, and by similarity.

The file is a cache of public data and is made anew as a whole (docs/decisions/0027). `names` has each name with its
place in the alphabet, `grams` the places of all names that contain three letters, as an array of 32-bit numbers.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Self

from assay.core.library_search import grams

SCHEMA = "1"
MOST_PLACES = 25_000  # read in one search: the rarest grams of a text first
CLOSEST = 200  # names with most grams in common, to be compared exactly
MOST_SCANNED = 5_000  # names of one beginning that are looked at, where some belong to another index
TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (place INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE grams (gram TEXT PRIMARY KEY, count INTEGER NOT NULL, places BLOB NOT NULL);
"""


def write_names(path: Path, names: Iterable[str], facts: Mapping[str, str]) -> int:
    """Write normalised names and facts about them to a new file, and put it in place of an earlier one at once.

    Return how many names there are. Readers of the earlier file read on undisturbed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = sorted(set(names))
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as table:
            table.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192; {TABLES}")
            table.execute("BEGIN")
            table.executemany("INSERT INTO names VALUES (?, ?)", enumerate(ordered))
            table.executemany("INSERT INTO grams VALUES (?, ?, ?)", _grams(ordered))
            kept = {**facts, "count": str(len(ordered)), "schema": SCHEMA, "order": sys.byteorder}
            table.executemany("INSERT INTO facts VALUES (?, ?)", kept.items())
            table.execute("COMMIT")
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return len(ordered)


def _grams(ordered: list[str]) -> Iterator[tuple[str, int, bytes]]:
    places: dict[str, array[int]] = {}
    for place, name in enumerate(ordered):
        for gram in grams(name):
            if gram not in places:
                places[gram] = array("I")
            places[gram].append(place)
    for gram in sorted(places):
        yield gram, len(places[gram]), places[gram].tobytes()


class NameTable:
    """The names of one index. Use it as a context manager: it holds the file open."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        self.facts: dict[str, str] = dict(self._file.execute("SELECT name, value FROM facts"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def count(self) -> int:
        """The number of names."""
        return int(self.facts["count"])

    @property
    def fetched_at(self) -> datetime:
        """When the names were fetched."""
        return datetime.fromisoformat(self.facts["fetched_at"])

    def beginning_with(self, text: str, limit: int, accept: Callable[[str], bool] = bool) -> list[str]:
        """Return the first accepted names that begin with a text, in the order of the alphabet."""
        rows = self._file.execute(
            "SELECT name FROM names WHERE place >= ? ORDER BY place LIMIT ?", (self._place_of(text), MOST_SCANNED)
        )
        found: list[str] = []
        for (name,) in rows:
            if not name.startswith(text) or len(found) == limit:
                break
            if accept(name):
                found.append(name)
        return found

    def similar_to(self, text: str, accept: Callable[[str], bool] = bool) -> list[str]:
        """Return accepted names that have many grams in common with a text, those with most first."""
        counts: Counter[int] = Counter()
        for places in self._rarest(grams(text)):
            counts.update(places)
        closest = [place for place, _ in counts.most_common(CLOSEST)]
        named = self._file.execute(
            "SELECT place, name FROM names WHERE place IN (SELECT value FROM json_each(?))", (json.dumps(closest),)
        )
        names: dict[int, str] = dict(named)
        return [names[place] for place in closest if accept(names[place])]

    def among(self, names: Iterable[str]) -> set[str]:
        """Return those of the names that the index has."""
        return {name for name in names if self._name_at(self._place_of(name)) == name}

    def _rarest(self, wanted: list[str]) -> Iterator[array[int]]:
        """Yield the places of the rarest grams, as many as one search reads."""
        sizes = self._file.execute(
            "SELECT count, gram FROM grams WHERE gram IN (SELECT value FROM json_each(?)) ORDER BY count, gram",
            (json.dumps(wanted),),
        ).fetchall()
        total = 0
        for size, gram in sizes:
            total += size
            if total > MOST_PLACES and size != total:
                return
            (blob,) = self._file.execute("SELECT places FROM grams WHERE gram = ?", (gram,)).fetchone()
            places = array("I")
            places.frombytes(blob)
            yield places if size <= MOST_PLACES else array("I", islice(places, MOST_PLACES))

    def _place_of(self, text: str) -> int:
        """Return the place of the first name that is not before a text: a binary search, as names are in order."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self._name_at(middle) < text:
                low = middle + 1
            else:
                high = middle
        return low

    def _name_at(self, place: int) -> str:
        row = self._file.execute("SELECT name FROM names WHERE place = ?", (place,)).fetchone()
        return str(row[0]) if row else ""


def open_names(path: Path) -> NameTable | None:
    """Open the names of an index, None when there are none that this version can read."""
    try:
        table = NameTable(path)
    except sqlite3.Error:
        return None
    if (table.facts.get("schema"), table.facts.get("order")) == (SCHEMA, sys.byteorder):
        return table
    with table:
        return None
