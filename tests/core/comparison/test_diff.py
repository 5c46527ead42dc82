"""Diffs: their laws, and a table of steps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import locks

from assay.core.comparison.diff import (
    MAX_VERSIONS,
    Change,
    ComparedVersion,
    Comparison,
    Row,
    Setting,
    Step,
    UnrequestedChange,
    change_between,
    compare,
    release_line,
    step_of,
    unrequested_changes,
)
from assay.core.errors import InvalidInputError
from assay.core.lock import File, Lock, LockedLibrary

TURNED = {
    Change.ADDED: Change.REMOVED,
    Change.REMOVED: Change.ADDED,
    Change.UPGRADED: Change.DOWNGRADED,
    Change.DOWNGRADED: Change.UPGRADED,
}


@st.composite
def sides(draw: st.DrawFn) -> ComparedVersion:
    """Draw a version with facts about some of its libraries."""
    lock = draw(locks)
    some = st.sets(st.sampled_from(sorted(lock.by_name) or [""]))
    return ComparedVersion(
        label="x",
        lock=lock,
        direct=tuple(lock.by_name)[:2],
        licences=dict.fromkeys(draw(some), draw(st.sampled_from(["MIT", "BSD-3-Clause"]))),
        requirements={name: f"{name}>=1" for name in draw(some)},
        installed={name: draw(st.integers(0, 10**9)) for name in draw(some)},
    )


def held(compared_version: ComparedVersion) -> dict[str, str]:
    """Return the versions of a side."""
    return {one.name: one.version for one in compared_version.lock.libraries}


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
def test_identity(compared_version: ComparedVersion) -> None:
    """A version differs from itself in nothing, and has no effects."""
    found = compare([compared_version, compared_version])
    assert found.changed == ()
    assert found.effects.before == found.effects.after
    assert (found.effects.growth, found.effects.licence_changed, found.effects.requirement_changed) == ((), (), ())


@given(sides(), sides())
def test_inverse(one: ComparedVersion, other: ComparedVersion) -> None:
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
    assert {row.name for row in there.effects.licence_changed} == {row.name for row in back.effects.licence_changed}
    assert {row.name for row in there.effects.requirement_changed} == {
        row.name for row in back.effects.requirement_changed
    }


@given(sides(), sides(), sides())
def test_composition(first: ComparedVersion, middle: ComparedVersion, last: ComparedVersion) -> None:
    """Two comparisons in a row lead where one does, and what lies between changes no change."""
    direct = compare([first, last])
    over = follow(follow(held(first), compare([first, middle])), compare([middle, last]))
    assert over == follow(held(first), direct) == held(last)
    through = {row.name: (row.change, row.step, row.growth) for row in compare([first, middle, last]).rows}
    assert all(through[row.name] == (row.change, row.step, row.growth) for row in direct.rows)
    growth = sum(row.growth for pair in ([first, middle], [middle, last]) for row in compare(pair).rows)
    assert growth == direct.effects.after - direct.effects.before


@given(sides(), sides(), sides())
def test_ups_and_downs_compose(first: ComparedVersion, middle: ComparedVersion, last: ComparedVersion) -> None:
    """Up and up again is up; a change by a change that undoes it is none of version."""
    one = {row.name: row.change for row in compare([first, middle]).rows}
    two = {row.name: row.change for row in compare([middle, last]).rows}
    for row in compare([first, last]).rows:
        both = one.get(row.name), two.get(row.name)
        if both in {(Change.UPGRADED, Change.UPGRADED), (Change.DOWNGRADED, Change.DOWNGRADED)}:
            assert row.change is both[0]


@given(st.lists(sides(), min_size=1, max_size=MAX_VERSIONS))
def test_nothing_is_lost(several: list[ComparedVersion]) -> None:
    """Each library of any side stands there once, with its version on each side; the counts add up."""
    found = compare(several)
    assert sorted(row.name for row in found.rows) == sorted(
        {name for compared_version in several for name in held(compared_version)}
    )
    for row in found.rows:
        assert row.versions == tuple(held(compared_version).get(row.name) for compared_version in several)
        assert len(row.versions) == len(row.sizes) == len(row.licences) == len(row.requirements) == len(row.installed)
    assert sum(found.counts.values()) == len(found.rows)


@given(sides(), sides())
def test_via_is_a_chain_from_what_was_asked_for(one: ComparedVersion, other: ComparedVersion) -> None:
    """Each link of a chain needs the next, and the first was asked for; what was asked for has none."""
    for row in compare([one, other]).rows:
        holder = other if row.versions[-1] is not None else one
        if row.via:
            assert row.via[0] in holder.direct
            for needing, needed in zip(row.via, (*row.via[1:], row.name), strict=True):
                assert needed in holder.lock.by_name[needing].dependencies
        assert row.direct == (row.name in holder.direct)


@pytest.mark.parametrize("count", [0, MAX_VERSIONS + 1])
def test_one_to_five_sides(count: int) -> None:
    """More than a person can read is refused."""
    with pytest.raises(InvalidInputError, match=f"{count} versions") as caught:
        compare([ComparedVersion(label="x", lock=Lock(python="3.11", platform="x"))] * count)
    assert caught.value.path == "versions"


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
    before = ComparedVersion(
        label="x@1", lock=lock, licences={"a": "MIT", "b": ""}, installed={"a": 10, "b": 5, "c": 1}
    )
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
    assert [row.name for row in effects.licence_changed] == ["a"]
    assert [row.name for row in effects.requirement_changed] == ["c"]


FILE = File(name="a", url="u", size=7, sha256="a" * 64, uploaded="2026-01-01T00:00:00Z")
FIRST = LockedLibrary(name="a", version="1", index="i", file=FILE)
OTHER = LockedLibrary(
    name="a", version="2", index="j", file=replace(FILE, size=9, sha256="b" * 64, uploaded="2026-02-02T00:00:00Z")
)


def lock(*libraries: LockedLibrary) -> Lock:
    """Return a lock of these libraries."""
    return Lock(python="3.11", platform="x", libraries=libraries)


def test_a_row_has_an_entry_for_each_version() -> None:
    """Absent or unknown is None, 0 or ''; its line counts also where the library is absent."""
    versions = [
        ComparedVersion(
            label=f"x@{number}",
            lock=lock(*libraries),
            direct=("a",),
            licences={"a": "MIT"},
            requirements={"a": f"a<{number}"},
            installed={"a": 70},
        )
        for number, libraries in enumerate(([FIRST], []), 1)
    ]
    (row,) = compare([*versions, ComparedVersion(label="x@3", lock=lock(OTHER))]).rows
    assert row == Row(
        name="a",
        versions=("1", None, "2"),
        change=Change.UPGRADED,
        step=Step.MAJOR,
        direct=False,
        via=(),
        sizes=(7, 0, 9),
        uploaded="2026-02-02T00:00:00Z",
        licences=("MIT", "", ""),
        requirements=("a<1", "a<2", ""),
        installed=(70, 0, 0),
        indexes=("i", "", "j"),
        files=("a" * 64, "", "b" * 64),
    )
    (gone,) = compare(versions).rows
    assert (gone.change, gone.direct, gone.uploaded) == (Change.REMOVED, True, "2026-01-01T00:00:00Z")


def test_rows_stand_by_what_matters() -> None:
    """Changed before unchanged, direct before transitive, then by kind of change and by name."""
    before = {"a-same": "1", "b-same": "1", "up": "1", "up-direct": "1", "down": "2", "gone": "1", "b-up": "1"}
    after = {"a-same": "1", "b-same": "1", "up": "2", "up-direct": "2", "down": "1", "new": "1", "b-up": "2"}
    sides = [
        ComparedVersion(
            label=label,
            lock=lock(*(replace(FIRST, name=name, version=version) for name, version in pins.items())),
            direct=("b-same", "up-direct"),
        )
        for label, pins in (("x@1", before), ("x@2", after))
    ]
    names = ["up-direct", "new", "gone", "b-up", "up", "down", "b-same", "a-same"]
    assert [row.name for row in compare(sides).rows] == names


def test_settings_stand_side_by_side() -> None:
    """'' where a version has none."""
    sides = [
        ComparedVersion(label="x@1", lock=lock(), settings={"Python": "3.11"}),
        ComparedVersion(label="x@2", lock=lock(), settings={"Python": "3.12", "Base": "ds@1"}),
    ]
    found = compare(sides)
    assert found.settings == (
        Setting(name="Python", values=("3.11", "3.12")),
        Setting(name="Base", values=("", "ds@1")),
    )
    assert found.labels == ("x@1", "x@2")


def test_changes_that_nobody_requested() -> None:
    """Of libraries in both locks whose version differs, those that the new spec does not name."""
    names = ("kept", "moved", "requested")
    before = lock(*(replace(FIRST, name=name) for name in (*names, "gone")))
    after = lock(replace(FIRST, name="kept"), *(replace(OTHER, name=name) for name in ("moved", "requested", "new")))
    assert unrequested_changes(before, after, {"requested"}) == (
        UnrequestedChange(name="moved", before="1", after="2"),
    )


@pytest.mark.parametrize(
    ("version", "line"), [("2.1", "2"), ("1!2.0", "1!2"), ("2!0.1", "2!0"), ("0!2", "2"), ("odd", "odd")]
)
def test_the_release_line_is_epoch_and_first_segment(version: str, line: str) -> None:
    """A later epoch is another line (PEP 440)."""
    assert release_line(version) == line
