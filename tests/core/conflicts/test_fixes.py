"""Fixes for conflicts: the smallest first, each line still one that can be asked for; and who asks for what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from assay.core.conflicts.fixes import (
    Candidate,
    Change,
    Dependency,
    Fix,
    Move,
    best_first,
    candidates,
    dependencies_in,
    fix_of,
    release,
    wanted,
)
from assay.core.spec import parse_libraries

CONFLICT = (
    "Because app==1.0 depends on shared<2 and other==3.1 depends on shared>=2, app and other are incompatible.\n"
    "And because you require app and other==3.1, the libraries do not fit together."
)


def test_who_asks_for_what_is_read_from_the_words() -> None:
    """Each ask once, in its order; the author's own stand with an empty name."""
    assert dependencies_in(CONFLICT) == (
        Dependency(dependent="app==1.0", requirement="shared<2"),
        Dependency(dependent="other==3.1", requirement="shared>=2"),
        Dependency(dependent="", requirement="app"),
        Dependency(dependent="", requirement="other==3.1"),
    )
    assert dependencies_in("all versions of app depend on shared<2") == (
        Dependency(dependent="app", requirement="shared<2"),
    )
    marked = "shared{python_full_version < '3.14'}>=1.26.0"
    assert dependencies_in(f"app==1.0 depends on {marked}.") == (
        Dependency(dependent="app==1.0", requirement=marked),
    )


LINES = ["app", "other==3.1", "unrelated"]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("other==3.1", "other>=3.1"),
        ("other~=3.1", "other>=3.1"),
        ("other>=2,<4", "other>=2"),
        ("other[x]==3.*", "other[x]>=3"),
        ("other<4", "other"),
    ],
)
def test_the_narrowest_change_comes_first(line: str, first: str) -> None:
    """What was asked for at least is kept; then any version, then one library fewer."""
    found = candidates(["app", line, "unrelated"], CONFLICT)
    assert found[0].libraries == ("app", first, "unrelated")
    assert [one.libraries for one in found if one.change is Change.REMOVE] == [
        ("", line, "unrelated"),
        ("app", "", "unrelated"),
    ]


def test_another_python_is_offered_where_python_is_the_matter() -> None:
    """The nearest ones first, and never on a base, which brings its own."""
    detail = "Because the requested Python version (3.13) does not satisfy Python<3.12 and old depends on Python<3.12"
    found = candidates(["old"], detail, python="3.13", pythons=("3.13", "3.12", "3.11", "3.9"))
    assert [one.python for one in found] == ["3.12", "3.11", "3.9"]
    assert candidates(["old"], detail, python=None, pythons=("3.12",)) == ()


def test_the_name_that_is_probably_meant_comes_first() -> None:
    """With the extras and the range that were asked for; a single library is not removed."""
    detail = "Because reqests was not found in the package registry and you require reqests[socks]>=2"
    lines = ["idna", "reqests[socks]>=2"]
    first = candidates(lines, detail, similar={"reqests": "requests"})[0]
    fix = fix_of(first, lines, {"idna": "3.0"}, {"idna": "3.0", "requests": "2.5"})
    assert (fix.words, fix.libraries) == ("Use requests instead of reqests", ("idna", "requests[socks]>=2"))
    assert fix.moves == (Move(name="requests", before=None, after="2.5"),)
    assert (fix.effect, fix.others, fix.count) == ("requests 2.5", 0, 2)


def test_what_suffices_makes_wider_changes_needless() -> None:
    """Any version of a library only where a newer one does not do; several together only where none does alone."""
    found = candidates(["app==1", "other==3.1"], CONFLICT)
    by_change = {(one.change, one.positions): one for one in found}
    newer = by_change[Change.NEWER, (0,)]
    assert not wanted(by_change[Change.ANY, (0,)], [newer])
    assert wanted(by_change[Change.ANY, (1,)], [newer])
    assert not wanted(by_change[Change.REMOVE, (0,)], [newer])
    together = by_change[Change.TOGETHER, (0, 1)]
    assert together.libraries == ("app>=1", "other>=3.1")
    assert not wanted(together, [newer])
    assert wanted(together, [by_change[Change.REMOVE, (0,)]])
    older = Candidate(change=Change.PYTHON, libraries=("app",), python="3.9")
    assert wanted(older, [newer])
    assert not wanted(older, [replace(older, python="3.10")])


def test_a_fix_says_what_it_moves() -> None:
    """The changed requirement with both versions and the release that it asks for; how many others move."""
    lines = ["app==1.5.3", "other>=2,<4", "free<9"]
    found = {(one.change, one.positions): one for one in candidates(lines, "app, other and free exclude each other")}
    before = {"other": "3.0", "free": "8.0", "deep": "1.0", "gone": "1.0"}
    after = {"app": "2.2.0", "other": "3.0", "free": "8.1", "deep": "1.0"}
    fix = fix_of(found[Change.NEWER, (0,)], lines, before, after)
    assert fix.words == "Use app>=2.2 instead of app==1.5.3"
    assert fix.libraries == ("app>=2.2", "other>=2,<4", "free<9")
    assert fix.effect == "app 1.5.3 → 2.2.0, 2 more libraries move"
    assert (fix.others, fix.major) == (2, 1)
    freed = fix_of(
        found[Change.ANY, (2,)], lines, {**before, "gone": "1.0"}, {**before, "app": "1.5.3", "free": "9.0"}
    )
    assert (freed.words, freed.libraries[2], freed.effect) == ("Allow any version of free", "free", "free 8.0 → 9.0")
    fewer = fix_of(found[Change.REMOVE, (0,)], lines, before, {**before, "free": "8.5"})
    assert (fewer.words, fewer.libraries, fewer.effect) == ("Remove app", tuple(lines[1:]), "1 library moves")
    same = fix_of(
        Candidate(change=Change.PYTHON, libraries=tuple(lines), python="3.11"), lines, {}, {"app": "1.5.3.0"}
    )
    assert (same.words, same.effect, same.rank[0]) == ("Use Python 3.11", "keeps the versions that you ask for", 1)
    assert fix.rank < same.rank < fewer.rank


def test_many_moves_are_counted() -> None:
    """Four are told one by one."""
    lines = [f"lib{number}==1" for number in range(6)]
    together = candidates(lines, " ".join(one[:4] for one in lines))
    fix = fix_of(
        next(one for one in together if one.change is Change.TOGETHER),
        lines,
        {},
        {one[:4]: "2.0" for one in lines},
    )
    assert fix.words == "Use newer versions of 6 libraries"
    assert fix.effect == "lib0 1 → 2.0, lib1 1 → 2.0, lib2 1 → 2.0, lib3 1 → 2.0, 2 more"
    assert fix.libraries[0] == "lib0>=2.0"


@pytest.mark.parametrize(
    ("version", "bound"),
    [
        ("2.2.0", "2.2"),
        ("7", "7"),
        ("2.0rc1", "2.0rc1"),
        ("1!2.0.3", "1!2.0.3"),
        ("1.2.3+cu1", "1.2"),
        ("odd", "odd"),
    ],
)
def test_the_bound_of_a_release(version: str, bound: str) -> None:
    """Two segments are enough; a pre-release counts only as it is."""
    assert release(version) == bound


NAMES = st.sampled_from(["app", "other", "shared", "free"])
SPECIFIERS = st.sampled_from(["", "==1.0", "~=1.2", ">=1,<2", "!=1.5", "==1.*", "<3", ">=2"])


@given(st.lists(st.tuples(NAMES, SPECIFIERS), min_size=1, max_size=4, unique_by=lambda one: one[0]))
def test_every_candidate_is_a_spec_that_differs(lines: list[tuple[str, str]]) -> None:
    """A fix can be asked for as it is, changes something, names nothing new, and allows what was chosen."""
    libraries = [name + specifier for name, specifier in lines]
    after = {name: "2.3.1" for name, _ in lines}
    for candidate in candidates(libraries, CONFLICT):
        fix = fix_of(candidate, libraries, {}, after)
        parsed, corrections = parse_libraries(fix.libraries)
        assert not corrections
        assert fix.libraries != tuple(libraries)
        assert {line.rstrip("<>=!~.,*0123456789") for line in parsed} <= {name for name, _ in lines}
        for place in candidate.positions:
            line = candidate.libraries[place]
            assert not line or Requirement(line).specifier.contains("2.3.1") or "<" in libraries[place]


def test_every_kind_of_candidate_in_its_order() -> None:
    """Lines keep their place."""
    libraries = ("App<2", "Other[x]>=2,>1,<4")
    detail = "Because App depends on Python<3.12 and Other<4 is needed, nothing fits."
    found = candidates(libraries, detail, python="3.13", pythons=("3.13", "3.12"))
    assert [(one.change.value, one.libraries, one.python) for one in found] == [
        ("newer", ("App<2", "Other[x]>1,>=2"), None),
        ("python", libraries, "3.12"),
        ("any", ("App", "Other[x]>=2,>1,<4"), None),
        ("any", ("App<2", "Other[x]"), None),
        ("remove", ("", "Other[x]>=2,>1,<4"), None),
        ("remove", ("App<2", ""), None),
    ]


def test_the_full_stop_is_no_part_of_a_requirement() -> None:
    """Uv ends its sentences with one."""
    assert dependencies_in("And because you require app and other==3.1.") == (
        Dependency(dependent="", requirement="app"),
        Dependency(dependent="", requirement="other==3.1"),
    )


def test_constraints_in_conflict_can_be_cleared() -> None:
    """Only those that the conflict names, all at once; others stay."""
    limits = ("shared==1.0", "free==2.0", "other==3.0")
    lines = ("app==1.0",)
    found = candidates(lines, CONFLICT, constraints=limits)
    assert found[0] == Candidate(change=Change.CONSTRAINTS, libraries=lines, constraints=("free==2.0",))
    after = {"app": "1.0", "shared": "2.0", "free": "2.0"}
    fix = fix_of(found[0], lines, {}, after, limits)
    assert (fix.words, fix.libraries, fix.constraints) == ("Clear 2 constraints", lines, ("free==2.0",))
    assert fix.effect == "shared 1.0 → 2.0"
    one = fix_of(candidates(lines, "of shared", constraints=limits)[0], lines, {}, after, limits)
    assert one.words == "Clear the constraint shared==1.0"
    assert not [one for one in candidates(lines, "of app", constraints=limits) if one.change is Change.CONSTRAINTS]


def test_each_result_is_offered_once() -> None:
    """A newer version and any version may end at the same release: the change that says more counts."""
    newer = Fix(words="newer", libraries=("app>=2",), change=Change.NEWER)
    same = Fix(words="any", libraries=("app>=2",), change=Change.ANY)
    assert best_first([same, newer]) == (newer,)
