"""Updating an old list: what is relaxed first, what is left out and why, and what the new lines ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from assay.core.comparison.diff import Step
from assay.core.conflicts.former_names import NO_LIBRARY, PART_OF_PYTHON, RENAMED, former
from assay.core.conflicts.update_old import (
    Removed,
    Replaced,
    UpdatedLibrary,
    begin,
    new_lines,
    relaxed,
    relaxed_line,
    updated_libraries,
    with_sources,
)

SKLEARN = ("sklearn==0.0", "scikit-learn==0.23")


def test_former_names_are_replaced_or_left_out() -> None:
    """With reasons; a backport only for a Python that has its part; a successor once, if it is listed too."""
    state = begin(
        ["sklearn==0.0", "enum34", "scikit-learn==0.23", "PIL", "backports.zoneinfo", "pkg-resources==0.0.0"], "3.8"
    )
    assert state.replaced == (
        Replaced(before="sklearn==0.0", after="scikit-learn", reason="was renamed to scikit-learn"),
        Replaced(before="PIL", after="pillow", reason="was renamed to pillow"),
    )
    assert [one.line for one in state.removed] == ["enum34", "pkg-resources==0.0.0"]
    assert state.removed[0].reason == "is part of Python since 3.4"
    assert "backports.zoneinfo" in state.libraries
    assert "backports.zoneinfo" not in begin(["backports.zoneinfo"], "3.10").libraries


@pytest.mark.parametrize("names", [RENAMED, PART_OF_PYTHON, NO_LIBRARY])
def test_the_lists_of_names_are_sound(names: dict[str, str]) -> None:
    """Normalised, sorted, no successor has a successor, and no name is on two lists."""
    assert list(names) == sorted(names)
    assert all(name == name.lower().replace("_", "-").replace(".", "-") for name in names)
    assert all(former(name, "3.13") for name in names)
    assert not set(RENAMED.values()) & {*RENAMED, *PART_OF_PYTHON, *NO_LIBRARY}
    assert not set(RENAMED) & {*PART_OF_PYTHON, *NO_LIBRARY}


@pytest.mark.parametrize(
    ("line", "levels"),
    [
        ("a==1.2", ["a>=1.2", "a", "a", "a"]),
        ("a[x]==1.*", ["a[x]>=1", "a[x]", "a[x]", "a[x]"]),
        ("a~=1.2", ["a>=1.2", "a", "a", "a"]),
        ("a>=2,<3", ["a>=2,<3", "a>=2,<3", "a<3", "a"]),
        ("a<3", ["a<3", "a<3", "a<3", "a"]),
        ("a", ["a", "a", "a", "a"]),
        ('a==1; python_version < "3.10"', [f'a{one}; python_version < "3.10"' for one in (">=1", "", "", "")]),
    ],
)
def test_bounds_end_from_the_least_meant_to_the_most(line: str, levels: list[str]) -> None:
    """Pins first; upper bounds that people wrote last."""
    assert [relaxed_line(line, level) for level in range(4)] == levels


def test_only_what_a_conflict_names_is_relaxed() -> None:
    """To its next level that differs; others stay."""
    state = begin(["app==1.0", "shared>=1,<2", "free==1"], "3.11")
    detail = "Because all versions of app depend on shared>=2 and you require shared>=1,<2.\nSo it fails."
    first = relaxed(state, detail)
    assert first is not None
    assert first.libraries == ("app", "shared<2", "free>=1")
    second = relaxed(first, detail)
    assert second is not None
    assert second.libraries == ("app", "shared", "free>=1")
    third = relaxed(second, detail)
    assert third is not None
    assert third.removed == (Removed(line="app==1.0", reason="requires shared>=2"),)
    assert third.libraries == ("shared", "free>=1")
    assert relaxed(third, "Because gone depends on nothing.") is None


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ("Because old was not found in the package registry.", "is in no package index of the workspace"),
        ("Because all versions of old have no usable wheels.", "has no wheel for this Python and system"),
        ("Because one of: old<1 old>2 have no usable wheels.", "has no wheel for this Python and system"),
        (
            "Because old<=1 has no wheels with a matching Python ABI tag (e.g., `cp311`).",
            "has no wheel for this Python",
        ),
        ("Because old==1 depends on Python<3.8.", "requires Python<3.8"),
        ("Because nothing is known of old.", "does not fit together with the others"),
    ],
)
def test_what_cannot_be_had_is_left_out_with_its_reason(detail: str, reason: str) -> None:
    """At once where no version at all can be used, else when nothing else helps."""
    state = relaxed(begin(["old", "good==1"], "3.11"), detail)
    assert state is not None
    assert state.removed == (Removed(line="old", reason=reason),)
    assert state.libraries == ("good>=1",)


def test_which_of_two_is_left_out() -> None:
    """The one that requires another one, which more may need; without a hint the last one."""
    state = begin(["base", "top", "more"], "3.11")
    detail = "Because all versions of base depend on deep<1 and all versions of top depend on base>9."
    found = relaxed(state, detail)
    assert found is not None
    assert [one.line for one in found.removed] == ["top"]
    either = relaxed(state, "Because all versions of base depend on top and all versions of top depend on base.")
    assert either is not None
    assert [one.line for one in either.removed] == ["top"]
    last = relaxed(state, "Something is wrong with base and more.")
    assert last is not None
    assert [one.line for one in last.removed] == ["more"]


def test_the_new_lines_ask_for_what_was_chosen() -> None:
    """A pin becomes the release that was chosen; what was no pin and was not relaxed stays as it was written."""
    libraries = [
        "sklearn==0.23",
        "pandas==1.1.5",
        "flask>=1,<3",
        "rich",
        "gone==1; sys_platform == 'win32'",
        "numpy==1.19",
    ]
    state = begin([*libraries, "numpy==1.20; python_version > '3.12'"], "3.11")
    versions = {"scikit-learn": "1.7.2", "pandas": "2.3.3", "flask": "2.3.3", "rich": "14.0", "numpy": "1.19"}
    assert new_lines(state, versions) == (
        "scikit-learn",
        "pandas>=2.3",
        "flask>=1,<3",
        "rich",
        'gone>=1; sys_platform == "win32"',
        "numpy>=1.19",
        'numpy>=1.19; python_version > "3.12"',
    )
    raised = relaxed(state, "Because you require flask>=1,<3.")
    assert raised is not None
    assert new_lines(raised, versions)[2] == "flask<3,>=2.3"
    rows = updated_libraries(libraries, state, versions)
    assert rows[:2] == (
        UpdatedLibrary(name="pandas", before="1.1.5", asked="==1.1.5", after="2.3.3", step=Step.MAJOR),
        UpdatedLibrary(name="scikit-learn", before="0.23", asked="", after="1.7.2", step=Step.MAJOR),
    )
    assert [(one.name, one.before) for one in rows[2:]] == [("flask", ""), ("numpy", "1.19"), ("rich", "")]
    assert [one.asked for one in rows[2:]] == ["<3,>=1", "==1.19", ""]


NAMES = st.sampled_from(["app", "other", "shared"])
SPECIFIERS = st.sampled_from(["", "==1.0", "~=1.2", ">=1,<2", "!=1.5", "==1.*", "<3", ">=2", "===1"])


@given(
    st.lists(st.tuples(NAMES, SPECIFIERS), min_size=1, max_size=3, unique_by=lambda one: one[0]),
    st.sets(NAMES, min_size=1),
)
def test_relaxing_ends(lines: list[tuple[str, str]], named: set[str]) -> None:
    """Each step drops a bound or a line, and each line is asked for or left out with a reason."""
    libraries = [name + specifier for name, specifier in lines]
    state, detail = begin(libraries, "3.11"), f"Because {' and '.join(sorted(named))} are incompatible."
    for _ in range(len(lines) * 5):
        assert {*state.lines.values(), *(one.line for one in state.removed)} == set(libraries)
        assert all(one.reason for one in state.removed)
        following = relaxed(state, detail)
        if following is None:
            break
        weight = [sum(1 + len(Requirement(line).specifier) for line in one.libraries) for one in (state, following)]
        assert weight[1] < weight[0] or following.libraries != state.libraries
        state = following
    assert not named & set(state.lines)


def test_what_has_no_wheel_may_come_back_to_be_built() -> None:
    """Beside the releases that were chosen; what was left out for another reason stays out."""
    state = begin(["old==1.0", "good==1.0", "enum34"], "3.11")
    assert with_sources(state, {}) is None
    found = relaxed(state, "Because all versions of old have no usable wheels and you require old.")
    assert found is not None
    more = with_sources(found, {"good": "2.5.1"})
    assert more is not None
    assert more.libraries == ("good>=2.5", "old>=1.0")
    assert [one.line for one in more.removed] == ["enum34"]


def test_a_local_version_is_no_bound() -> None:
    """`+cu126` names a build of one index; a bound cannot have it."""
    assert relaxed_line("torch==2.11.0+cu126", 0) == "torch>=2.11.0"
