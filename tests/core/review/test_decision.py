"""Decisions: what a mark is bound to, and that a decision is about the lock that stands."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from support.people import lock_of

from assay.core.comparison.diff import ComparedVersion, Row, compare
from assay.core.errors import ConflictError, InvalidInputError
from assay.core.policy.findings import Effect, Finding
from assay.core.review.decision import MAX_WORDS, check_digest, check_mark, check_seen, check_text, mark_of


def row(before: dict[str, str], after: dict[str, str]) -> Row:
    """Return the row of six in a comparison of two locks."""
    sides = [ComparedVersion(label=str(number), lock=lock_of(one)) for number, one in enumerate((before, after))]
    return next(one for one in compare(sides).rows if one.name == "six")


def test_a_mark_is_bound_to_the_file() -> None:
    """The same file has the same mark wherever it comes from; another one, or its absence, has another."""
    mark = mark_of(row({"six": "1.0"}, {"six": "2.0"}))
    assert check_mark(mark) == mark
    assert mark_of(row({"six": "1.5"}, {"six": "2.0"})) == mark
    gone = mark_of(row({"six": "1.0"}, {"idna": "1"}))
    assert len({mark, gone, mark_of(row({"six": "1.0"}, {"six": "2.1"})), mark_of(row({"six": "1.1"}, {}))}) == 4


@pytest.mark.parametrize("mark", ["", "a" * 31, "a" * 33, "g" * 32, "A" * 32, "X" * 32])
def test_what_is_no_mark_is_refused(mark: str) -> None:
    """32 lower-case hex digits."""
    with pytest.raises(InvalidInputError) as caught:
        check_mark(mark)
    assert caught.value.path == "mark"


def test_a_decision_about_another_lock_is_refused() -> None:
    """The message names both, shortened (law 1)."""
    check_digest("a" * 64, "a" * 64)
    with pytest.raises(ConflictError, match=f"on lock {'a' * 12}, but it is {'b' * 12} now") as caught:
        check_digest("a" * 64, "b" * 64)
    assert caught.value.path == "digest"
    with pytest.raises(ConflictError, match="on lock \\(none\\)"):
        check_digest("", "b" * 64)


def test_a_text_is_kept_without_outer_blanks_up_to_its_limit() -> None:
    """The limit itself is allowed; the error names the field."""
    assert check_text(" because \n", "note") == "because"
    assert check_text("x" * MAX_WORDS, "note") == "x" * MAX_WORDS
    with pytest.raises(InvalidInputError) as caught:
        check_text("x" * (MAX_WORDS + 1), "note")
    assert caught.value.path == "note"


def test_marks_stay_valid_across_releases() -> None:
    """They are stored: the form of what is hashed does not change."""
    change = row({"six": "1.0"}, {"six": "2.0"})
    there = f"six\n2.0\nhttps://index.example/simple\n{change.files[-1]}"
    assert mark_of(change) == hashlib.sha256(there.encode()).hexdigest()[:32]
    assert mark_of(row({"six": "1.0"}, {})) == hashlib.sha256(b"six\ngone\n1.0").hexdigest()[:32]


def test_a_mark_is_of_the_last_version() -> None:
    """Of its index, too; what lies between first and last does not count."""
    change = row({"six": "1.0"}, {"six": "2.0"})
    assert mark_of(replace(change, indexes=("https://one", "https://two"))) != mark_of(change)
    between = replace(
        change,
        versions=("1.0", "3.0", "2.0"),
        indexes=("https://one", "https://two", change.indexes[-1]),
        files=("a", "b", change.files[-1]),
    )
    assert mark_of(between) == mark_of(change)
    assert mark_of(replace(between, files=("a", "b", ""))) == mark_of(row({"six": "1.0"}, {}))


def test_a_decision_is_about_the_warnings_that_were_seen() -> None:
    """One that went away meanwhile matters to nobody; a new one is named."""
    first, second, third = (
        Finding(key=word, kind="deny", effect=Effect.WARN, words=f"six is {word}: text", advice="", rule="r")
        for word in ("old", "odd", "new")
    )
    check_seen([], {first.id})
    check_seen([first, second], {first.id, second.id, third.id})
    with pytest.raises(ConflictError, match=r"^1 new warning since you opened the page: six is odd: text\.$"):
        check_seen([first, second], {first.id})
    with pytest.raises(ConflictError, match=r"^2 new warnings .*: six is odd: text, and others\.$"):
        check_seen([first, second, third], {first.id})
