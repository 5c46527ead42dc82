"""Benchmark of the search for library names: 700,000 names of an index, their file, the time of a search."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from report import print_figure

COUNT = 700_000
LIMIT, SIZE_LIMIT = 0.020, 100e6  # seconds of 95 of 100 searches; bytes
SEARCHES = 400
SYLLABLES = tuple(one + other for one in "klmtrpdnsgv" for other in "aeiou")
TYPED = ("p", "py", "num", "data", "python-", "django-", "scikit-le", "tensorflow-gpu-")
MISTYPED = ("nmupy", "reqeusts", "python-dateutli", "scikit-lern", "pyton", "djngo-rest-framework", "beautifulsop")


def names(home: Path) -> None:
    """Make the names, write them, and measure searches by beginning and by similarity."""
    from assay.store.name_table import NameTable, write_names  # noqa: PLC0415 - after the environment is set

    made = made_up_names(COUNT)
    path = home / "names.sqlite3"
    began = time.perf_counter()
    write_names(path, made, {"fetched_at": "2026-01-01T00:00:00+00:00"})
    print_figure(f"names: {COUNT:,} written", f"{time.perf_counter() - began:.1f} s", "in the worker, once a day")
    size = path.stat().st_size
    print_figure("  their file", f"{size / 1e6:.0f} MB", f"{size / SIZE_LIMIT:.2f} x of 100 MB", size <= SIZE_LIMIT)

    def begins(text: str) -> None:
        with NameTable(path) as table:
            table.beginning_with(text, 20)

    def resembles(text: str) -> None:
        with NameTable(path) as table:
            table.similar_to(text)

    dice = random.Random(3)  # noqa: S311 - no secret
    known = sorted(dice.sample(sorted(made), SEARCHES))
    _measure("  found by beginning", begins, [*TYPED, *(one[: dice.randint(1, 8)] for one in known)])
    _measure("  found by similarity", resembles, [*MISTYPED, *(_mistyped(one, dice) for one in known)])


def _measure(what: str, search: Callable[[str], None], texts: list[str]) -> None:
    took = []
    for text in texts:
        began = time.perf_counter()
        search(text)
        took.append(time.perf_counter() - began)
    slow = statistics.quantiles(took, n=20)[-1]
    beside = f"{slow / LIMIT:.2f} x of 20 ms; median {statistics.median(took) * 1000:.1f} ms"
    print_figure(f"{what}: 95 of 100 within", f"{slow * 1000:.1f} ms", beside, slow <= LIMIT)


def made_up_names(count: int) -> set[str]:
    """Return names as long and as alike as those of a public index: known ones, and others made of their words."""
    from assay.sources.name_lists import MOST_USED, read_names  # noqa: PLC0415 - after the environment is set

    known = read_names(MOST_USED)
    words = [word for name in known for word in name.split("-")]
    dice, found = random.Random(7), set(known)  # noqa: S311 - no secret
    for number in itertools.count():
        parts = [
            dice.choice(words) if dice.random() < 0.6 else "".join(dice.choices(SYLLABLES, k=dice.randint(2, 4)))
            for _ in range(dice.choice((1, 2, 2, 2, 3)))
        ]
        found.add("-".join(parts) + (str(number % 99) if dice.random() < 0.15 else ""))
        if len(found) == count:
            return found
    return found


def _mistyped(name: str, dice: random.Random) -> str:
    """Return a name with two letters swapped."""
    at = dice.randrange(max(1, len(name) - 1))
    return name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]
