"""The union of what several versions ask for: its laws, and what stands in its way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from assay.core.comparison.similarity import applies, fits
from assay.core.errors import InvalidInputError
from assay.core.maintenance.merge_moves import moves, preference_sets
from assay.core.maintenance.merge_plan import By, Choices, MergePlan, Reason, Source, parse_choices, plan, satisfiable
from assay.core.spec import name_of, requirement

SOME = ("0.9", "1.0", "1.1", "1.5", "2.0rc1", "2.0", "2.1", "3.0")


def source(reference: str, *lines: str, **facts: Any) -> Source:  # noqa: ANN401 - fields of a source
    """Return a source on Python 3.11 that holds 1.0 of each library that it asks for."""
    versions = facts.pop("versions", {name_of(line): "1.0" for line in lines})
    return Source(
        **{"reference": reference, "python": "3.11", "base": "", "lines": lines, "versions": versions, **facts}
    )


def told(found: MergePlan) -> list[str]:
    """Return the merged lines."""
    return list(found.requirements)


def test_requirements_are_joined_by_library_and_marker() -> None:
    """Specifiers by intersection, extras by union, markers side by side; each line knows who asks."""
    one = source("a@1", "pandas[excel]>=1.0", 'tomli>=1; python_version < "3.11"', "six")
    two = source("b@1", "Pandas[sql]<2.0", 'tomli<3; python_version < "3.11"', 'six>=1; sys_platform == "linux"')
    found = plan([two, one], By.ASKED)
    assert told(found) == [
        "pandas[excel,sql]<2.0,>=1.0",
        "six",
        'six>=1; sys_platform == "linux"',
        'tomli<3,>=1; python_version < "3.11"',
    ]
    assert [one.sources for one in found.lines] == [("a@1", "b@1"), ("a@1",), ("b@1",), ("a@1", "b@1")]
    assert (found.sources, found.exclusions, found.unmet) == (("a@1", "b@1"), (), ())


def test_what_excludes_each_other_is_named_with_who_wants_what_and_choices_settle_it() -> None:
    """Nothing is joined that no version fits; either requirement can be taken, or the library left out."""
    both = [source("a@1", "pandas>=2", "six"), source("b@1", "pandas<2")]
    found = plan(both, By.ASKED)
    assert told(found) == ["six"]
    (excluded,) = found.exclusions
    assert excluded.words == "No version of pandas fits: a@1 asks for pandas>=2, b@1 asks for pandas<2."
    taken = plan(both, By.ASKED, Choices(take={"pandas": "b@1"}))
    assert told(taken) == ["pandas<2", "six"]
    assert [(one.reference, one.line, one.reason) for one in taken.unmet] == [
        ("a@1", "pandas>=2", Reason.OTHER_REQUIREMENT)
    ]
    left = plan(both, By.ASKED, Choices(leave=frozenset({"pandas", "unknown"})))
    assert told(left) == ["six"]
    assert {one.reference for one in left.unmet if one.reason is Reason.LEFT_OUT} == {"a@1", "b@1"}


def test_a_marker_that_is_false_excludes_nothing() -> None:
    """Only requirements that apply on the merged Python must agree, and only those are missed when left out."""
    both = [source("a@1", 'six<1; python_version < "3.9"', "attrs"), source("b@1", "six>=1")]
    assert plan(both, By.ASKED).exclusions == ()
    assert {one.reference for one in plan(both, By.ASKED, Choices(leave=frozenset({"six"}))).unmet} == {"b@1"}


def test_imported_keeps_what_is_imported_and_what_that_needs() -> None:
    """A direct library counts when it is imported or an imported one needs it; an unrecorded source counts whole."""
    one = source(
        "a@1",
        "pandas",
        "numpy",
        "plotly",
        "wrapper",
        versions=dict.fromkeys(("pandas", "numpy", "plotly", "wrapper", "inner"), "1.0"),
        dependencies={"pandas": ("numpy",), "wrapper": ("inner",), "inner": ()},
        imported=frozenset({"pandas", "inner", "elsewhere"}),
    )
    found = plan([one, source("b@1", "six")], By.IMPORTED)
    assert told(found) == ["inner", "numpy", "pandas", "six"]
    assert found.added == ("inner",)
    assert found.unrecorded == ("b@1",)
    assert {one.name for one in found.unmet} == {"plotly", "wrapper"}
    assert {one.reason for one in found.unmet} == {Reason.NOT_IMPORTED}
    assert plan([one, source("b@1", "six")], By.ASKED).unrecorded == ()


def test_a_common_base_stays_and_pythons_are_offered_newest_first() -> None:
    """Different bases leave none."""
    same = [source("a@1", "six", base="ds@1"), source("b@1", "attrs", base="ds@1", python="3.9")]
    found = plan(same, By.ASKED)
    assert (found.base, found.pythons) == ("ds@1", ("3.11", "3.9"))
    assert plan([same[0], source("b@1", "attrs", base="ds@2")], By.ASKED).base == ""


@pytest.mark.parametrize(
    ("references", "choices", "path"),
    [
        (("a@1",), Choices(), "versions"),
        (tuple(f"{one}@1" for one in "abcdef"), Choices(), "versions"),
        (("a@1", "a@1"), Choices(), "versions"),
        (("a@1", "b@1"), Choices(take={"six": "c@1"}), "take"),
        (("a@1", "b@1"), Choices(take={"attrs": "a@1"}), "take"),
        (("a@1", "b@1"), Choices(python="newest"), "python"),
    ],
)
def test_wrong_input_names_its_field(references: tuple[str, ...], choices: Choices, path: str) -> None:
    """Two to five different versions; what is taken must be asked for."""
    with pytest.raises(InvalidInputError) as caught:
        plan([source(one, "six") for one in references], By.ASKED, choices)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("lines", "possible"),
    [
        (("x>=1", "x<1"), False),
        (("x>1", "x<1.0.1"), True),
        (("x>=1.0,!=1.0.*", "x<1.1"), False),
        (("x>=1.0,!=1.0.*", "x<=1.1"), True),
        (("x==2.*", "x>=2.5"), True),
        (("x~=2.2", "x>=3"), False),
        (("x==1.0", "x==1.0+cpu"), True),
        (("x>2.0rc1", "x<2.0rc3"), True),
        (("x==1!1.0", "x<2"), False),
        (("x>=1!1.0", "x<1!2.0"), True),
        (("x===odd", "x>=1"), False),
        (("x===odd", "x"), True),
        (("x<=1.0", "x>=1.0"), True),
        (("x<0.1", "x"), True),
        (("x", "x"), True),
    ],
)
def test_whether_a_version_can_fit(lines: tuple[str, ...], possible: bool) -> None:
    """Without an index: whether the requirements exclude each other by themselves."""
    assert satisfiable(lines) is possible


names = st.sampled_from(["a", "b", "c"])
specifiers = st.sampled_from(["", ">=1", "<2", ">=1.1,<3", "==1.*", "!=1.0", "~=1.1", "==2.0", ">=2.0rc1", "<1"])
extras = st.sampled_from(["", "[x]", "[y]", "[x,y]"])
markers = st.sampled_from(["", '; python_version < "3.10"', '; python_version >= "3.10"'])


@st.composite
def drawn_sources(draw: st.DrawFn) -> list[Source]:
    """Draw two to four sources; some have imports."""
    found = []
    for reference in ("a@1", "b@1", "c@1", "d@1")[: draw(st.integers(2, 4))]:
        asked = draw(
            st.lists(
                st.tuples(names, extras, specifiers, markers), max_size=4, unique_by=lambda one: (one[0], one[3])
            )
        )
        lines = tuple(str(Requirement("".join(one))) for one in asked)
        held = {name_of(line): draw(st.sampled_from(SOME)) for line in lines}
        imported = draw(st.none() | st.frozensets(names | st.just("t"), max_size=3))
        found.append(
            source(
                reference,
                *lines,
                versions={**held, "t": draw(st.sampled_from(SOME))},
                dependencies={"a": draw(st.sampled_from([(), ("b",), ("t",)]))} if "a" in held else {},
                imported=imported,
                python=draw(st.sampled_from(["3.9", "3.11"])),
                people=draw(st.integers(0, 3)),
            )
        )
    return found


@given(drawn_sources(), st.sampled_from(By), st.frozensets(names, max_size=1))
def test_every_requirement_is_covered_or_named(sources: list[Source], by: By, leave: frozenset[str]) -> None:
    """What fits the merged lines fits every line of every source that applies, or the plan says what does not."""
    found = plan(sources, by, Choices(leave=leave))
    python = found.pythons[0]
    excluded = {one.name for one in found.exclusions}
    unmet = {(one.reference, one.line) for one in found.unmet}
    for one in sources:
        for line in one.lines:
            if name_of(line) in excluded or (one.reference, line) in unmet or not applies(line, python):
                continue
            joined = [
                other.line for other in found.lines if other.name == name_of(line) and applies(other.line, python)
            ]
            assert joined, line
            assert requirement(line).extras <= {extra for other in joined for extra in requirement(other).extras}
            assert all(fits(line, version) for version in SOME if all(fits(other, version) for other in joined))
            assert satisfiable(joined)


@given(drawn_sources(), st.sampled_from(By))
def test_what_is_imported_is_reached(sources: list[Source], by: By) -> None:
    """Each imported library of a lock is asked for, or needed by a library that is, or its exception is named."""
    found = plan(sources, by)
    asked = {one.name for one in found.lines} | {one.name for one in found.exclusions}
    for one in sources:
        reached = set(asked)
        for name in asked:
            reached |= set(one.dependencies.get(name, ()))
        lost = (one.imported or frozenset()) & one.versions.keys() - reached
        if by is By.IMPORTED:
            assert not lost


@given(drawn_sources(), st.sampled_from(By), st.randoms())
def test_the_order_of_the_sources_changes_nothing(sources: list[Source], by: By, random: Any) -> None:  # noqa: ANN401 - Hypothesis's
    """Neither the plan nor the preferred versions."""
    shuffled = random.sample(sources, len(sources))
    assert plan(shuffled, by) == plan(sources, by)
    assert preference_sets(shuffled) == preference_sets(sources)


def test_what_most_people_use_is_preferred_first() -> None:
    """Then each source's own versions, filled with those of the most used one; equal sets once."""
    one = source("a@1", versions={"six": "1.0", "attrs": "1"}, people=1)
    two = source("b@1", versions={"six": "1.1"}, people=3)
    three = source("c@1", versions={"six": "1.0", "odd": "so"}, people=1)
    assert preference_sets([one, two, three]) == [
        {"six": "1.1", "attrs": "1", "odd": "so"},
        {"six": "1.0", "attrs": "1", "odd": "so"},
    ]
    assert moves([one, two, three], {"six": "1.1", "attrs": "1"}) == (2, 2)
    assert preference_sets([source("a@1", "x", versions={"x": "1"}), source("b@1", versions={"x": "1.0.1"})])[0] == {
        "x": "1.0.1"
    }


def test_choices_are_read_from_text() -> None:
    """Spaces are ignored; a choice of a version needs the library."""
    read = parse_choices([" plot "], ["frame:geo@3"], " 3.11 ")
    assert read == Choices(python="3.11", leave=frozenset({"plot"}), take={"frame": "geo@3"})
    with pytest.raises(InvalidInputError, match="names no version"):
        parse_choices([], ["geo@3"], "")
