"""For how long an approval is good."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.maintenance.approval_validity import (
    ApprovalValidity,
    check_validity,
    expiry_words,
    read_tags,
    validity_of,
    write_tags,
)

DAY = date(2026, 6, 1)
tags = st.dictionaries(
    st.text("abc -", min_size=1, max_size=5).map(str.strip).filter(bool), st.integers(1, 3650), max_size=5
)


@given(st.integers(0, 3650), tags, st.booleans())
def test_a_document_is_read_back(days: int, by_tag: dict[str, int], refuse: bool) -> None:
    """And so is the text of the days by tag."""
    found = check_validity(days, by_tag, refuse=refuse)
    assert validity_of(found.to_dict()) == found
    assert read_tags(write_tags(by_tag)) == by_tag


def test_the_shortest_tag_counts() -> None:
    """A tag overrides the default, in both directions; without one the default counts."""
    validity = ApprovalValidity(days=365, tags={"gpu": 90, "lab": 30, "stable": 730})
    assert validity.days_for([]) == 365
    assert validity.days_for(["other"]) == 365
    assert validity.days_for(["stable"]) == 730
    assert validity.days_for(["stable", "gpu", "lab"]) == 30


def test_an_approval_without_days_does_not_end() -> None:
    """Unless its tag has some."""
    assert validity_of({}).end_of(DAY, ["gpu"], DAY) is None
    assert not validity_of({}).used
    assert ApprovalValidity(tags={"gpu": 9}).used
    assert ApprovalValidity(tags={"gpu": 9}).ends(DAY, ["gpu"]) == date(2026, 6, 10)


@pytest.mark.parametrize(
    ("left", "expired", "soon", "words"),
    [
        (31, False, False, "approval expires in 31 days"),
        (30, False, True, "approval expires in 30 days"),
        (1, False, True, "approval expires in 1 day"),
        (0, True, False, "approval expired today"),
        (-1, True, False, "approval expired 1 day ago"),
    ],
)
def test_the_end_of_an_approval(left: int, expired: bool, soon: bool, words: str) -> None:
    """It is said 30 days before; on its last day an approval is good no longer."""
    today = DAY + timedelta(days=100 - left)
    end = ApprovalValidity(days=100).end_of(DAY, [], today)
    assert end is not None
    assert (end.expired, end.soon, end.due, end.words) == (expired, soon, expired or soon, words)
    assert expiry_words(end.ends, today) == words


@pytest.mark.parametrize(
    ("days", "by_tag", "path"),
    [
        (-1, {}, "approval_days"),
        (3651, {}, "approval_days"),
        (1, {"gpu": 0}, "approval_days_by_tag"),
        (1, {"gpu": 3651}, "approval_days_by_tag"),
        (1, {" gpu": 5}, "approval_days_by_tag"),
        (1, {"": 5}, "approval_days_by_tag"),
        (1, {"x" * 41: 5}, "approval_days_by_tag"),
        (1, {"a\nb": 5}, "approval_days_by_tag"),
        (1, {f"t{at}": 5 for at in range(51)}, "approval_days_by_tag"),
    ],
)
def test_what_is_out_of_range(days: int, by_tag: dict[str, int], path: str) -> None:
    """With the field."""
    with pytest.raises(InvalidInputError) as caught:
        check_validity(days, by_tag)
    assert caught.value.path == path


@pytest.mark.parametrize("text", ["gpu", "gpu=", "=5", "gpu=x", "gpu=-5", "gpu=1234567"])
def test_a_tag_needs_its_days(text: str) -> None:
    """Written after it."""
    with pytest.raises(InvalidInputError):
        read_tags(text)


def test_an_empty_text_has_no_tags() -> None:
    """Neither have commas alone."""
    assert read_tags(" , ") == {}
