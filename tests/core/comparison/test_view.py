"""A comparison as it is read: what the sieve lets through, and Markdown that stays a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
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
        label="a@1", lock=lock_of({"six": "1"}), settings={"Direct libraries": "x \\ | <b>\ny"}
    )
    text = markdown(
        compare([compared_version, replace(compared_version, label="a@2", settings={"Direct libraries": "z"})]), ()
    )
    assert "| Direct libraries | x \\\\ \\| &lt;b> y | z |" in text


def test_a_library_that_comes_and_goes_differs() -> None:
    """Absent first and last, there in between: shown, though nothing changed from first to last."""
    found = compared(lock_of({"six": "1"}), lock_of({"six": "1", "idna": "3"}), lock_of({"six": "1"}))
    assert [row.name for row in Filters().rows(found)] == ["idna"]
    assert Filters(major=True).rows(found) == ()


def side(label: str, versions: dict[str, str], index: str, **more: object) -> ComparedVersion:
    """Return a version that asks for `six` and `rich`; all but `moved` come from one index."""
    libraries = tuple(
        replace(one, index=index) if one.name == "moved" else one for one in lock_of(versions).libraries
    )
    lock = replace(lock_of({}), libraries=libraries)
    return ComparedVersion(label=label, lock=lock, direct=("six", "rich"), **more)  # type: ignore[arg-type]  # as given


SIDES = compare(
    [
        side(
            "ds@1",
            {"six": "1.0", "rich": "1.0", "idna": "1.0", "moved": "1.0", "same": "1.0", "gone": "1.0"},
            "https://one",
            licences={"six": "MIT", "rich": "MIT", "same": "MIT"},
            requirements={"six": "six<2"},
            installed={"six": 10, "rich": 5},
            settings={"Python": "3.11", "Base": "none"},
        ),
        side(
            "ds@2",
            {"six": "2.0", "rich": "1.0", "idna": "1.1", "moved": "1.0", "same": "1.0"},
            "https://two",
            licences={"six": "MIT", "rich": "AGPL-3.0-only", "same": "MIT"},
            requirements={"six": "six"},
            installed={"six": 40, "rich": 5},
            settings={"Python": "3.11", "Base": "geo@1"},
        ),
    ]
)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, {"six", "idna", "moved", "gone"}),
        ({"everything": True}, {"six", "rich", "idna", "moved", "same", "gone"}),
        ({"direct": True}, {"six"}),
        ({"direct": True, "everything": True}, {"six", "rich"}),
        ({"major": True}, {"six"}),
        ({"licence": True}, {"rich"}),
        ({"index": True}, {"moved"}),
        ({"licence": True, "index": True}, set()),
        ({"licence": True, "direct": True}, {"rich"}),
    ],
)
def test_what_each_filter_shows(filters: dict[str, bool], names: set[str]) -> None:
    """Licence and index show also libraries that are otherwise the same."""
    assert {row.name for row in Filters(**filters).rows(SIDES)} == names


def test_the_document_has_all_of_a_comparison() -> None:
    """The form that the API and `assay diff` give out; each name and value has its place."""
    found = document(SIDES, None)
    assert found["versions"] == ["ds@1", "ds@2"]
    assert found["summary"] == "+0 \N{MINUS SIGN}1 ~3"
    assert found["settings"] == [
        {"name": "Python", "values": ["3.11", "3.11"]},
        {"name": "Base", "values": ["none", "geo@1"]},
    ]
    assert [one["name"] for one in found["libraries"]] == ["six", "gone", "idna", "moved", "rich", "same"]
    assert found["libraries"][0] == {
        "name": "six",
        "versions": ["1.0", "2.0"],
        "change": "upgraded",
        "step": "major",
        "direct": True,
        "via": [],
        "sizes": [1000, 1000],
        "installed": [10, 40],
        "licences": ["MIT", "MIT"],
        "requirements": ["six<2", "six"],
    }
    assert found["effects"] == {
        "counts": {
            "added": 0,
            "removed": 1,
            "upgraded": 2,
            "downgraded": 0,
            "rebuilt": 0,
            "moved": 1,
            "same": 2,
        },
        "size": {"before": 15, "after": 45},
        "libraries": [{"name": "six", "growth": 30}],
        "licences": [{"name": "rich", "before": "MIT", "after": "AGPL-3.0-only"}],
        "requirements": [{"name": "six", "before": "six<2", "after": "six"}],
        "advisories": {"state": "not assessed", "reason": "No advisory feed is loaded."},
    }


def test_effects_are_of_the_first_and_the_last_version() -> None:
    """What lies between is not told among them."""
    lock = lock_of({"six": "1"})
    between = [
        ComparedVersion(label=f"x@{number}", lock=lock, licences={"six": licence}, requirements={"six": line})
        for number, (licence, line) in enumerate([("MIT", "six<2"), ("ISC", "six<3"), ("GPL-3.0-only", "six")], 1)
    ]
    effects = document(compare(between), None)["effects"]
    assert effects["licences"] == [{"name": "six", "before": "MIT", "after": "GPL-3.0-only"}]
    assert effects["requirements"] == [{"name": "six", "before": "six<2", "after": "six"}]


def test_markdown_of_a_comparison() -> None:
    """Settings that differ; direct libraries in bold; the kind of each change."""
    assert (
        markdown(SIDES, SIDES.rows)
        == """# ds@1 · ds@2

+0 \N{MINUS SIGN}1 ~3 from first to last.

| Setting | ds@1 | ds@2 |
| --- | --- | --- |
| Base | none | geo@1 |

| Library | ds@1 | ds@2 | Change |
| --- | --- | --- | --- |
| **six** | 1.0 | 2.0 | major upgraded |
| gone | 1.0 | \N{EN DASH} | removed |
| idna | 1.0 | 1.1 | minor upgraded |
| moved | 1.0 | 1.0 | moved |
| **rich** | 1.0 | 1.0 |  |
| same | 1.0 | 1.0 |  |
"""
    )
