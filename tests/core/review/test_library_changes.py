"""Which changed libraries a reviewer reads, and which may stay folded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.comparison.diff import Change, Row, Step
from assay.core.review.library_changes import LEAST_OPEN, SHARE, LibraryChange, fold


def row(name: str, change: Change = Change.UPGRADED, step: Step | None = Step.MINOR, *, direct: bool = False) -> Row:
    """Return the row of a changed library."""
    return Row(
        name=name,
        versions=("1", "1.1"),
        change=change,
        step=step,
        direct=direct,
        via=() if direct else ("pandas",),
        sizes=(1, 1),
        uploaded="",
        licences=("MIT", "MIT"),
    )


def names(changes: tuple[LibraryChange, ...]) -> list[str]:
    """Return the names of libraries."""
    return [one.row.name for one in changes]


QUIET = LibraryChange(row=row("quiet"))


@pytest.mark.parametrize(
    ("change", "routine"),
    [
        (QUIET, True),
        (replace(QUIET, row=row("a", step=Step.PATCH)), True),
        (replace(QUIET, row=row("a", Change.ADDED, None)), True),
        (replace(QUIET, row=row("a", Change.REMOVED, None)), True),
        (replace(QUIET, row=row("a", Change.MOVED, None)), True),
        (replace(QUIET, row=replace(QUIET.row, licences=("", "MIT"))), True),
        (replace(QUIET, row=replace(QUIET.row, licences=("MIT", "MIT"))), True),
        (replace(QUIET, row=row("a", step=Step.MAJOR)), False),
        (replace(QUIET, row=row("a", Change.DOWNGRADED)), False),
        (replace(QUIET, row=row("a", Change.REBUILT, None)), False),
        (replace(QUIET, row=row("a", direct=True)), False),
        (replace(QUIET, new=True), False),
        (replace(QUIET, row=replace(QUIET.row, licences=("MIT", "GPL-3.0-only"))), False),
        (replace(QUIET, index="https://other.example/simple"), False),
    ],
)
def test_a_routine_change_asks_for_no_look(change: LibraryChange, *, routine: bool) -> None:
    """Small steps of known libraries that come with others; nothing that a reviewer decides on."""
    assert change.routine is routine


def test_few_changes_stay_open() -> None:
    """Up to eight, or a tenth of what is installed, are listed as they are."""
    changes = [LibraryChange(row=row(f"a{at}")) for at in range(LEAST_OPEN)]
    assert names(fold(changes, installed=9).open) == [f"a{at}" for at in range(LEAST_OPEN)]
    more = [LibraryChange(row=row(f"a{at}")) for at in range(20)]
    assert len(fold(more, installed=200).open) == 20
    assert len(fold(more, installed=199).open) == 0


def test_routine_changes_fold_first_and_what_has_a_finding_never_does() -> None:
    """Of many changes those are left that a reviewer decides on."""
    routine = [LibraryChange(row=row(f"a{at}")) for at in range(20)]
    direct = LibraryChange(row=row("direct", direct=True))
    new = LibraryChange(row=row("new", Change.ADDED, None), new=True)
    folded = fold([direct, new, *routine], 50, concerned={"a7"})
    assert names(folded.open) == ["direct", "new", "a7"]
    assert len(folded.folded) == 19


def test_a_first_version_shows_what_was_asked_for() -> None:
    """A hundred new libraries are no reading; the direct ones are, and those that a finding is about."""
    direct = [LibraryChange(row=row(f"d{at}", Change.ADDED, None, direct=True), new=True) for at in range(3)]
    others = [LibraryChange(row=row(f"a{at}", Change.ADDED, None), new=True) for at in range(100)]
    folded = fold([*direct, *others], 103, concerned={"a99"})
    assert names(folded.open) == ["d0", "d1", "d2", "a99"]
    assert len(folded.folded) == 99


def test_what_was_approved_here_before_stands_apart() -> None:
    """Unless it has a finding."""
    old = [LibraryChange(row=row(name), accepted="geo@1") for name in ("a", "b")]
    folded = fold([*old, QUIET], 100, concerned={"b"})
    assert (names(folded.open), names(folded.accepted), folded.folded) == (["b", "quiet"], ["a"], ())


CHANGES = st.builds(
    LibraryChange,
    row=st.builds(
        row,
        st.text("abcdef", min_size=1, max_size=3),
        st.sampled_from([one for one in Change if one is not Change.SAME]),
        st.sampled_from([None, *Step]),
        direct=st.booleans(),
    ),
    new=st.booleans(),
    accepted=st.sampled_from(["", "geo@1"]),
)


@given(
    st.lists(CHANGES, max_size=60, unique_by=lambda one: one.row.name),
    st.integers(0, 400),
    st.sets(st.text("abcdef", min_size=1, max_size=1)),
)
def test_each_change_stands_once_and_in_order(
    changes: list[LibraryChange], installed: int, concerned: set[str]
) -> None:
    """None is lost; direct and concerned ones are open unless they were accepted; the order stays."""
    found = fold(changes, installed, concerned)
    parts = (found.open, found.folded, found.accepted)
    assert sorted(names(tuple(changes))) == sorted(name for part in parts for name in names(part))
    order = names(tuple(changes))
    assert all(names(part) == sorted(names(part), key=order.index) for part in parts)
    assert not any(one.row.direct or one.row.name in concerned for one in found.folded)
    assert not any(one.row.name in concerned for one in found.accepted)
    if len(changes) <= max(LEAST_OPEN, installed // SHARE):
        assert not found.folded
