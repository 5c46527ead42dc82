"""Spread, outliers and conflicts of one library."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.drawn import versions

from assay.core.comparison.consistency import diverges, spread
from assay.core.comparison.diff import Step, newest_first, release_line


@given(st.dictionaries(versions, st.lists(st.integers(0, 99).map("e{}@1".format), min_size=1), min_size=1))
def test_everybody_is_told_once(holders: dict[str, list[str]]) -> None:
    """Each holder stands with its version; who does not hold the most common one is an outlier."""
    row = spread("six", holders)
    assert {version: list(found) for version, found in row.versions.items()} == holders
    assert row.holders == sum(map(len, holders.values()))
    assert len(row.outliers) == row.holders - len(holders[row.common])
    assert all(len(holders[row.common]) >= len(found) for found in holders.values())
    assert list(row.versions) == newest_first(reversed(list(holders)))
    assert diverges({version: len(found) for version, found in holders.items()}) == (len(row.versions) > 1)
    lines = {release_line(version) for version in holders}
    assert set(row.conflict.majors) == (lines if len(lines) > 1 else set())


def test_versions_stand_newest_first() -> None:
    """By PEP 440; what is no version comes last."""
    row = spread("six", {"1.9": ["a@1"], "odd": ["b@1"], "1.10": ["c@1"], "1!0.1": ["d@1"], "2.0rc1": ["e@1"]})
    assert list(row.versions) == ["1!0.1", "2.0rc1", "1.10", "1.9", "odd"]


def test_of_equally_common_versions_the_newest_is_common() -> None:
    """A tie does not make the old one the rule."""
    row = spread("six", {"1.0": ["a@1"], "1.1": ["b@1"]})
    assert (row.common, row.outliers, row.step) == ("1.1", ("a@1",), Step.MINOR)
    assert not row.conflict


def test_another_major_is_a_conflict() -> None:
    """By epoch and first segment."""
    row = spread("pandas", {"1.5": ["old@1"], "2.1": ["geo@3"], "2.2": ["ds@1"]})
    assert row.conflict.majors == {"2": ("ds@1", "geo@3"), "1": ("old@1",)}
    assert row.step is Step.MAJOR


def test_a_line_that_does_not_take_what_others_hold_is_a_conflict() -> None:
    """Though both are of one major."""
    row = spread(
        "pandas",
        {"2.1": ["geo@3"], "2.2": ["ds@1", "all@1"]},
        [("pandas<2.2", "geo@3"), ("pandas", "ds@1"), ("pandas>=2.2", "all@1")],
    )
    assert row.conflict.majors == {}
    assert [(one.line, one.required_by, one.version, one.held_by) for one in row.conflict.exclusions] == [
        ("pandas<2.2", ("geo@3",), "2.2", ("ds@1", "all@1")),
        ("pandas>=2.2", ("all@1",), "2.1", ("geo@3",)),
    ]


def test_either_kind_of_conflict_is_one() -> None:
    """Another release line, or a line that excludes what others hold."""
    assert spread("six", {"1.0": ["a@1"], "2.0": ["b@1"]}).conflict
    assert spread("six", {"1.0": ["a@1"], "1.1": ["b@1"]}, [("six<1.1", "a@1")]).conflict
    assert spread("six", {"1.0": ["a@1"]}).name == "six"
