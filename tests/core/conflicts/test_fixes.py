"""Fixes for conflicts: the smallest first, each line still one that can be asked for; and who asks for what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.conflicts.fixes import Dependency, dependencies_in, fixes
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
def test_the_smallest_change_comes_first(line: str, first: str) -> None:
    """What was asked for at least is kept; then any version, then leaving it out."""
    found = fixes(["app", line, "unrelated"], CONFLICT)
    assert found[0].libraries == ("app", first, "unrelated")
    assert [one.words for one in found[-2:]] == ["Remove app", "Remove other"]
    assert all("unrelated" in one.libraries for one in found)


def test_another_python_is_offered_where_python_is_the_matter() -> None:
    """The nearest ones first, and never on a base, which brings its own."""
    detail = "Because the requested Python version (3.13) does not satisfy Python<3.12 and old depends on Python<3.12"
    found = fixes(["old"], detail, python="3.13", pythons=("3.13", "3.12", "3.11", "3.9"))
    assert [one.python for one in found] == ["3.12", "3.11"]
    assert fixes(["old"], detail, python=None, pythons=("3.12",)) == ()


def test_the_name_that_is_probably_meant_comes_first() -> None:
    """With the extras and the range that were asked for."""
    detail = "Because reqests was not found in the package registry and you require reqests[socks]>=2"
    found = fixes(["idna", "reqests[socks]>=2"], detail, similar={"reqests": "requests"})
    assert (found[0].words, found[0].libraries) == (
        "Use requests instead of reqests",
        ("idna", "requests[socks]>=2"),
    )


NAMES = st.sampled_from(["app", "other", "shared", "free"])
SPECIFIERS = st.sampled_from(["", "==1.0", "~=1.2", ">=1,<2", "!=1.5", "==1.*", "<3", ">=2"])


@given(st.lists(st.tuples(NAMES, SPECIFIERS), min_size=1, max_size=4, unique_by=lambda one: one[0]))
def test_every_candidate_is_a_spec_that_differs(lines: list[tuple[str, str]]) -> None:
    """A fix can be asked for as it is, changes something, and names nothing that was not there."""
    libraries = [name + specifier for name, specifier in lines]
    for fix in fixes(libraries, CONFLICT):
        parsed, corrections = parse_libraries(fix.libraries)
        assert not corrections
        assert fix.libraries != tuple(libraries)
        assert {line.rstrip("<>=!~.,*0123456789") for line in parsed} <= {name for name, _ in lines}


def test_every_kind_of_fix_in_its_order() -> None:
    """First without upper bounds, then any version, another Python, without the library; lines keep their place."""
    libraries = ("App<2", "Other[x]>=2,>1,<4")
    detail = "Because App depends on Python<3.12 and Other<4 is needed, nothing fits."
    found = fixes(libraries, detail, python="3.13", pythons=("3.13", "3.12"))
    assert [(one.words, one.libraries, one.python) for one in found] == [
        ("Use Other[x]>1,>=2 instead of Other[x]>=2,>1,<4", ("App<2", "Other[x]>1,>=2"), None),
        ("Allow any version of App", ("App", "Other[x]>=2,>1,<4"), None),
        ("Allow any version of Other", ("App<2", "Other[x]"), None),
        ("Use Python 3.12", libraries, "3.12"),
        ("Remove App", ("Other[x]>=2,>1,<4",), None),
        ("Remove Other", ("App<2",), None),
    ]


def test_the_full_stop_is_no_part_of_a_requirement() -> None:
    """Uv ends its sentences with one."""
    assert dependencies_in("And because you require app and other==3.1.") == (
        Dependency(dependent="", requirement="app"),
        Dependency(dependent="", requirement="other==3.1"),
    )
