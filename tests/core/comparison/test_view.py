"""A comparison as it is read: what the sieve lets through, and Markdown that stays a table."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks
from support.people import lock_of

from assay.core.comparison.diff import ComparedVersion, Comparison, compare
from assay.core.comparison.view import Filters, document, markdown
from assay.core.lock import Lock

sieves = st.builds(
    Filters,
    everything=st.booleans(),
    direct=st.booleans(),
    major=st.booleans(),
    licence=st.booleans(),
    index=st.booleans(),
)


def compared(*found: Lock) -> Comparison:
    """Compare locks, each asking for its first library, with a licence that tells the sides apart."""
    return compare(
        [
            ComparedVersion(
                label=f"side@{number}",
                lock=lock,
                direct=tuple(one.name for one in lock.libraries[:1]),
                licences={one.name: f"L{number % 2}" for one in lock.libraries},
                settings={"Python": lock.python, "Base": f"b@{number}"},
            )
            for number, lock in enumerate(found, 1)
        ]
    )


@given(st.lists(locks, min_size=1, max_size=5), sieves)
def test_each_condition_narrows(drawn: list[Lock], sieve: Filters) -> None:
    """What passes several conditions passes each alone, in the comparison's order; everything is everything."""
    found = compared(*drawn)
    rows = sieve.rows(found)
    assert list(rows) == [row for row in found.rows if row in rows]
    for name in ("direct", "major", "licence", "index"):
        if getattr(sieve, name):
            alone = Filters(everything=True, **{name: True})
            assert set(rows) <= set(alone.rows(found))
    assert Filters(everything=True).rows(found) == found.rows


@given(st.lists(locks, min_size=1, max_size=5))
def test_the_first_look_shows_all_that_differs(drawn: list[Lock]) -> None:
    """A library that differs on any side is shown, also where first and last agree."""
    found = compared(*drawn)
    shown = {row.name for row in Filters().rows(found)}
    for row in found.rows:
        if len(set(row.versions)) > 1:
            assert row.name in shown
        elif len(drawn) == 1:
            assert row.name not in shown


@given(st.lists(locks, min_size=1, max_size=5))
def test_markdown_is_a_table_with_one_line_for_each_library(drawn: list[Lock]) -> None:
    """Whatever the names are, each line has as many cells as the head."""
    found = compared(*drawn)
    text = markdown(found, found.rows)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert len([line for line in lines if line.count(" | ") == len(drawn) + 1]) >= (
        len(found.rows) + 2 if found.rows else 0
    )
    assert document(found, None)["summary"] in text


def test_markdown_keeps_hostile_words_in_their_cells() -> None:
    """A bar, a tag or a line break in a setting is text."""
    compared_version = ComparedVersion(
        label="a@1", lock=lock_of({"six": "1"}), settings={"Direct libraries": "x | <b>\ny"}
    )
    text = markdown(
        compare([compared_version, replace(compared_version, label="a@2", settings={"Direct libraries": "z"})]), ()
    )
    assert "| Direct libraries | x \\| &lt;b> y | z |" in text


def test_a_library_that_comes_and_goes_differs() -> None:
    """Absent first and last, there in between: shown, though nothing changed from first to last."""
    found = compared(lock_of({"six": "1"}), lock_of({"six": "1", "idna": "3"}), lock_of({"six": "1"}))
    assert [row.name for row in Filters().rows(found)] == ["idna"]
    assert Filters(major=True).rows(found) == ()
