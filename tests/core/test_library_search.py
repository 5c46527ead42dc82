"""Search for names: what is typed, what is close, and what comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.library_search import Candidate, GramIndex, Match, best, closeness, grams, match_of, search_text

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("Num", "num"),
        ("  Scikit_Learn ", "scikit-learn"),
        ("scikit lern", "scikit-lern"),
        ("scikit-", "scikit-"),
        ("pandas>=2,<3", "pandas"),
        ("uvicorn[standard]", "uvicorn"),
        ("zope.interface", "zope-interface"),
        ("-e .", "e-"),
        ("", ""),
        (" >=2", "2"),
        ("x" * 300, "x" * 100),
    ],
)
def test_the_name_at_the_start_of_a_line_is_searched_for(typed: str, wanted: str) -> None:
    """Versions, extras and blanks are no part of a name; separators are one hyphen."""
    assert search_text(typed) == wanted


def test_names_are_close_by_shared_letters_and_more_so_when_one_contains_the_other() -> None:
    """A name is as close as can be to itself, and not at all to one without a common part."""
    assert closeness("numpy", "numpy") == 1.0
    assert closeness("numpy", "qqq") == 0.0
    assert closeness("learn", "scikit-learn") > 0.7
    assert closeness("reqeusts", "requests") > closeness("reqeusts", "quests")
    assert grams("ab") == ["^ab", "ab$"]
    assert grams("aaaa") == ["^aa", "aaa", "aa$"]
    assert closeness("", "x") == 0.5, "an empty text is contained in every name"


@given(NAMES, NAMES)
def test_closeness_is_a_share(one: str, other: str) -> None:
    """It lies between nothing and all; only equal names are as close as possible."""
    assert 0.0 <= closeness(one, other) <= 1.0
    assert closeness(one, one) == 1.0


def test_exact_then_prefix_then_similar_and_used_ones_first_in_each() -> None:
    """The order of the contract: match, live, people, environments, rank, name."""
    found = best(
        "num",
        [
            Candidate(name="renum", environments=9, people=90),
            Candidate(name="numba", environments=1, people=1),
            Candidate(name="numpy", environments=5, people=40, rank=3),
            Candidate(name="numexpr", rank=80),
            Candidate(name="num"),
            Candidate(name="num2words"),
            Candidate(name="zzz", environments=50, people=50),
        ],
        10,
    )
    assert [one.name for one in found] == ["num", "numpy", "numba", "numexpr", "num2words", "renum"]


def test_a_known_name_wins_among_similar_ones_and_the_meant_one_over_all() -> None:
    """A look-alike of a widely used name leads to that name."""
    similar = [
        Candidate(name="numpyx-ray", environments=1),
        Candidate(name="tools-nmupy"),
        Candidate(name="numpy", rank=0),
    ]
    assert best("nmupy", similar, 3)[0].name == "tools-nmupy"
    assert best("nmupy", similar, 3, meant="numpy")[0].name == "numpy"
    among = [Candidate(name="reqest-x"), Candidate(name="requests", rank=5)]
    assert best("reqests", among, 1)[0].name == "requests"


@given(NAMES, st.lists(NAMES, max_size=20), st.integers(0, 10))
def test_no_name_is_lost_or_doubled(text: str, names: list[str], limit: int) -> None:
    """Every name that begins with the text is an answer, each once, before all others."""
    found = [one.name for one in best(text, [Candidate(name=name) for name in names], limit)]
    assert len(found) == len(set(found)) <= limit
    matches = [match_of(text, name) for name in found]
    assert matches == sorted(matches)
    begin = {name for name in names if name.startswith(text)}
    assert set(found) <= set(names)
    assert len(begin.intersection(found)) == min(limit, len(begin))


def test_a_separator_at_the_end_is_no_other_name() -> None:
    """`numpy-` is numpy, exactly."""
    assert match_of("numpy-", "numpy") is Match.EXACT
    assert match_of("numpy-", "numpy-financial") is Match.PREFIX


@given(st.lists(NAMES, max_size=30), NAMES)
def test_an_index_in_memory_finds_every_beginning(names: list[str], text: str) -> None:
    """All names that begin with the text, and similar ones up to the limit."""
    found = GramIndex(names).find(text, 3)
    begin = {name for name in names if name.startswith(text)}
    assert begin <= found <= set(names)
    assert len(found - begin) <= 3
