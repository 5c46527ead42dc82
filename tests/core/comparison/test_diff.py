"""Diffs: their laws, and a table of steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks

from assay.core.comparison.diff import MOST_SIDES, Change, Comparison, Side, Step, change_between, compare, step_of
from assay.core.errors import InvalidInputError
from assay.core.lock import File, Lock, LockedLibrary

TURNED = {
    Change.ADDED: Change.REMOVED,
    Change.REMOVED: Change.ADDED,
    Change.UPGRADED: Change.DOWNGRADED,
    Change.DOWNGRADED: Change.UPGRADED,
}


@st.composite
def sides(draw: st.DrawFn) -> Side:
    """Draw a version with facts about some of its libraries."""
    lock = draw(locks)
    some = st.sets(st.sampled_from(sorted(lock.by_name) or [""]))
    return Side(
        label="x",
        lock=lock,
        direct=tuple(lock.by_name)[:2],
        licences=dict.fromkeys(draw(some), draw(st.sampled_from(["MIT", "BSD-3-Clause"]))),
        requirements={name: f"{name}>=1" for name in draw(some)},
        installed={name: draw(st.integers(0, 10**9)) for name in draw(some)},
    )


def held(side: Side) -> dict[str, str]:
    """Return the versions of a side."""
    return {one.name: one.version for one in side.lock.libraries}


def follow(start: dict[str, str], comparison: Comparison) -> dict[str, str]:
    """Do what a comparison tells to the versions of its first side."""
    left = dict(start)
    for row in comparison.rows:
        assert left.get(row.name) == row.versions[0]
        if row.change is Change.REMOVED:
            del left[row.name]
        elif row.versions[-1] is not None:
            left[row.name] = row.versions[-1]
    return left


@given(sides())
def test_identity(side: Side) -> None:
    """A version differs from itself in nothing, and has no effects."""
    found = compare([side, side])
    assert found.changed == ()
    assert found.effects.before == found.effects.after
    assert (found.effects.growth, found.effects.relicensed, found.effects.asked_anew) == ((), (), ())


@given(sides(), sides())
def test_inverse(one: Side, other: Side) -> None:
    """Turning the sides around turns every change, difference and effect around, and keeps every step."""
    there, back = compare([one, other]), compare([other, one])
    turned = {row.name: row for row in back.rows}
    for row in there.rows:
        mirrored = turned[row.name]
        assert mirrored.change == TURNED.get(row.change, row.change)
        assert mirrored.step == row.step
        assert mirrored.growth == -row.growth
        assert mirrored.versions == row.versions[::-1]
    assert (there.effects.before, there.effects.after) == (back.effects.after, back.effects.before)
    assert {row.name for row in there.effects.relicensed} == {row.name for row in back.effects.relicensed}
    assert {row.name for row in there.effects.asked_anew} == {row.name for row in back.effects.asked_anew}


@given(sides(), sides(), sides())
def test_composition(first: Side, middle: Side, last: Side) -> None:
    """Two comparisons in a row lead where one does, and what lies between changes no change."""
    direct = compare([first, last])
    over = follow(follow(held(first), compare([first, middle])), compare([middle, last]))
    assert over == follow(held(first), direct) == held(last)
    through = {row.name: (row.change, row.step, row.growth) for row in compare([first, middle, last]).rows}
    assert all(through[row.name] == (row.change, row.step, row.growth) for row in direct.rows)
    growth = sum(row.growth for pair in ([first, middle], [middle, last]) for row in compare(pair).rows)
    assert growth == direct.effects.after - direct.effects.before


@given(sides(), sides(), sides())
def test_ups_and_downs_compose(first: Side, middle: Side, last: Side) -> None:
    """Up and up again is up; a change by a change that undoes it is none of version."""
    one = {row.name: row.change for row in compare([first, middle]).rows}
    two = {row.name: row.change for row in compare([middle, last]).rows}
    for row in compare([first, last]).rows:
        both = one.get(row.name), two.get(row.name)
        if both in {(Change.UPGRADED, Change.UPGRADED), (Change.DOWNGRADED, Change.DOWNGRADED)}:
            assert row.change is both[0]


@given(st.lists(sides(), min_size=1, max_size=MOST_SIDES))
def test_nothing_is_lost(several: list[Side]) -> None:
    """Each library of any side stands there once, with its version on each side; the counts add up."""
    found = compare(several)
    assert sorted(row.name for row in found.rows) == sorted({name for side in several for name in held(side)})
    for row in found.rows:
        assert row.versions == tuple(held(side).get(row.name) for side in several)
        assert len(row.versions) == len(row.sizes) == len(row.licences) == len(row.requirements) == len(row.installed)
    assert sum(found.counts.values()) == len(found.rows)


@given(sides(), sides())
def test_via_is_a_chain_from_what_was_asked_for(one: Side, other: Side) -> None:
    """Each link of a chain needs the next, and the first was asked for; what was asked for has none."""
    for row in compare([one, other]).rows:
        holder = other if row.versions[-1] is not None else one
        if row.via:
            assert row.via[0] in holder.direct
            for needing, needed in zip(row.via, (*row.via[1:], row.name), strict=True):
                assert needed in holder.lock.by_name[needing].dependencies
        assert row.direct == (row.name in holder.direct)


@pytest.mark.parametrize("count", [0, MOST_SIDES + 1])
def test_one_to_five_sides(count: int) -> None:
    """More than a person can read is refused."""
    with pytest.raises(InvalidInputError, match=f"{count} versions"):
        compare([Side(label="x", lock=Lock(python="3.11", platform="x"))] * count)


@pytest.mark.parametrize(
    ("before", "after", "step"),
    [
        ("1.0", "2.0", Step.MAJOR),
        ("1.0", "1!1.0", Step.MAJOR),
        ("1!1.0", "1!1.1", Step.MINOR),
        ("1!1.0", "1!2.0", Step.MAJOR),
        ("2024.1", "2025.1", Step.MAJOR),
        ("0.9", "0.10", Step.MINOR),
        ("1.0", "1.1", Step.MINOR),
        ("1", "1.1", Step.MINOR),
        ("1.1.0", "1.1.1", Step.PATCH),
        ("1.1.0.1", "1.1.0.2", Step.PATCH),
        ("1.1", "1.1.post1", Step.PATCH),
        ("2.0rc1", "2.0", Step.PATCH),
        ("2.0a1", "2.0b1", Step.PATCH),
        ("2.0.dev1", "2.0", Step.PATCH),
        ("1.9", "2.0rc1", Step.MAJOR),
        ("1.0", "1.0+cu121", Step.PATCH),
        ("2.3.0+cu118", "2.4.0+cu121", Step.MINOR),
        ("odd", "odder", Step.PATCH),
        ("odd", "1.0", Step.PATCH),
        ("1.0", "1.0.0", None),
        ("1.0", "v1.0", None),
        ("1.0rc1", "1.0.RC.1", None),
        ("1.0-1", "1.0.post1", None),
        ("0!1.0", "1.0", None),
        ("1.0+CU121", "1.0+cu121", None),
        ("odd", "odd", None),
    ],
)
def test_steps_follow_pep_440(before: str, after: str, step: Step | None) -> None:
    """Epochs, pre-, post- and local versions are put where they belong; equal spellings are no step."""
    assert step_of(before, after) is step
    assert step_of(after, before) is step


def test_rebuilt_and_moved_are_told_apart() -> None:
    """The same version with another file, or from another index, is not the same; nor is another spelling a move."""
    file = File(name="a", url="u", size=1, sha256="a" * 64)
    one = LockedLibrary(name="a", version="1", index="i", file=file)
    assert change_between(one, replace(one, file=replace(file, sha256="b" * 64))) == (Change.REBUILT, None)
    assert change_between(one, replace(one, index="j")) == (Change.MOVED, None)
    assert change_between(one, replace(one, version="1.0")) == (Change.SAME, None)
    assert change_between(None, None) == (Change.SAME, None)


def test_effects_are_told() -> None:
    """Bytes before and after, the largest difference first; other licences; other lines."""
    file = File(name="a", url="u", size=1, sha256="a" * 64)
    lock = Lock(
        python="3.11",
        platform="x",
        libraries=tuple(LockedLibrary(name=name, version="1", index="i", file=file) for name in "abc"),
    )
    before = Side(label="x@1", lock=lock, licences={"a": "MIT", "b": ""}, installed={"a": 10, "b": 5, "c": 1})
    after = replace(
        before,
        label="x@2",
        licences={"a": "AGPL-3.0-only", "b": "MIT"},
        requirements={"c": "c<2"},
        installed={"a": 8, "b": 55, "c": 1},
    )
    effects = compare([before, after]).effects
    assert (effects.before, effects.after) == (16, 64)
    assert [(row.name, row.growth) for row in effects.growth] == [("b", 50), ("a", -2)]
    assert [row.name for row in effects.relicensed] == ["a"]
    assert [row.name for row in effects.asked_anew] == ["c"]
