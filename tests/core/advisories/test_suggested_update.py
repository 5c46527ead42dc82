"""Suggested updates: which versions they lead to, the spec that requests them, and their summary."""

from __future__ import annotations

import pytest
from support.people import lock_of

from assay.core.advisories.advisory import Advisory, AdvisoryIndex, Affected, EventType
from assay.core.advisories.suggested_update import (
    STRATEGIES,
    LibraryUpdate,
    UpdatePlan,
    VersionChange,
    changes_between,
    plan_updates,
    spec_with_updates,
    summary_of,
    with_unwanted,
)
from assay.core.policy.findings import Effect, Finding
from assay.core.spec import Spec

START, FIXED = EventType.INTRODUCED, EventType.FIXED


def advisory(name: str, *events: tuple[EventType, str], library: str = "six") -> Advisory:
    """Return a record of one library."""
    return Advisory(id=name, affected=(Affected(library=library, ranges=(events,)),))


def plan(*advisories: Advisory, version: str = "1.0") -> UpdatePlan:
    """Plan the updates of six at a version."""
    index = AdvisoryIndex(advisories)
    return plan_updates(index.matches("six", version), index)


def finding(kind: str, library: str, version: str = "1.0") -> Finding:
    """Return a finding that stops."""
    return Finding(
        key=f"{kind}/{library}",
        kind=kind,
        effect=Effect.BLOCK,
        words="w",
        advice="",
        rule="r",
        library=library,
        version=version,
    )


def test_one_update_clears_all_problems_that_have_a_fix() -> None:
    """The smallest version that is free of all of them; a problem without a fix is listed apart."""
    found = plan(
        advisory("A", (START, "0"), (FIXED, "1.5")),
        advisory("B", (START, "0"), (FIXED, "1.10")),
        advisory("C", (START, "0")),
    )
    assert found.moves == (LibraryUpdate(library="six", version="1.0", least="1.10", fixes=("A", "B")),)
    assert [one.id for one in found.unfixed] == ["C"]


def test_problems_whose_fixes_exclude_each_other_have_no_update() -> None:
    """No version is free of both, so nothing is suggested."""
    found = plan(
        advisory("A", (START, "0"), (FIXED, "2.0"), (START, "2.5")),
        advisory("B", (START, "0"), (FIXED, "3.0")),
    )
    assert found.moves == ()
    assert [one.id for one in found.unfixed] == ["A", "B"]


def test_an_update_never_goes_down() -> None:
    """A fix on an older branch is below the installed version."""
    found = plan(advisory("A", (START, "0"), (FIXED, "1.5"), (START, "2.0"), (FIXED, "2.2")), version="2.1")
    assert [one.least for one in found.moves] == ["2.2"]


def test_an_unwanted_release_gets_an_update_away_from_it() -> None:
    """Its findings are joined; what is planned already, and what concerns no library, stay as they are."""
    planned = LibraryUpdate(library="six", version="1.0", least="2.0", fixes=("A",))
    index = AdvisoryIndex([advisory("B", (START, "0"), library="idna"), advisory("C", (START, "0"), library="attrs")])
    unfixed = (*index.matches("attrs", "1.0"), *index.matches("idna", "1.0"))
    findings = [finding("yanked", "idna"), finding("malware", "idna"), finding("deny", "six"), finding("size", "")]
    found = with_unwanted(UpdatePlan(moves=(planned,), unfixed=unfixed), findings)
    away = LibraryUpdate(library="idna", version="1.0", least="", fixes=("yanked", "malware"))
    assert found.moves == (planned, away)
    assert [one.id for one in found.unfixed] == ["C"]


MOVES = (
    LibraryUpdate(library="six", version="1.0", least="2.0", fixes=("A",)),
    LibraryUpdate(library="idna", version="2.8", least="", fixes=("yanked",)),
)
ENDS = {"six": ("six==2.0", "six>=2.0"), "idna": ("idna!=2.8", "idna!=2.8")}


@pytest.mark.parametrize(
    ("strategy", "constraints"),
    [
        (STRATEGIES[0], ("attrs==3", "idna!=2.8", "rich==1", "six==2.0")),
        (STRATEGIES[1], ("attrs==3", "idna!=2.8", "rich==1", "six>=2.0")),
        (STRATEGIES[2], ("idna!=2.8", "rich==1", "six>=2.0")),
        (STRATEGIES[3], ("idna!=2.8", "six>=2.0")),
    ],
)
def test_each_strategy_frees_more(strategy: str, constraints: tuple[str, ...]) -> None:
    """What moves on purpose is bounded; of the rest all, the direct ones, or none are held."""
    lock = lock_of({"six": "1.0", "idna": "2.8", "rich": "1", "attrs": "3"})
    spec = Spec(python="3.11", libraries=("six", "idna", "rich"))
    found = spec_with_updates(spec, lock, MOVES, strategy, frozenset({"six", "idna", "rich"}))
    assert found.constraints == constraints


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("Six==1.0", "Six>=2.0"),
        ("six[x]<3,>=1", "six[x]<3,>=1,>=2.0"),
        ("six<2", "six>=2.0"),
        ("idna==2.8", "idna!=2.8"),
        ("idna<3", "idna!=2.8,<3"),
        ("rich == 1", "rich == 1"),
    ],
)
def test_a_line_of_the_author_is_raised_only_where_it_must(line: str, changed: str) -> None:
    """What forbids the update goes, all else stays; other lines stay letter for letter."""
    found = spec_with_updates(Spec(python="3.11", libraries=(line,)), lock_of({}), MOVES, STRATEGIES[0], frozenset())
    assert found.libraries == (changed,)


def test_a_summary_says_what_moves_and_why() -> None:
    """Meant changes first, then what comes along, what is new and what is gone."""
    before = lock_of({"six": "1.0", "attrs": "1", "old": "1", "same": "1"})
    after = lock_of({"six": "2.0", "attrs": "2", "fresh": "1", "same": "1"})
    found = changes_between(
        before, after, (LibraryUpdate(library="six", version="1.0", least="2.0", fixes=("A", "B")),)
    )
    assert found == (
        VersionChange(library="six", before="1.0", after="2.0", fixes=("A", "B")),
        VersionChange(library="attrs", before="1", after="2"),
        VersionChange(library="fresh", before="", after="1"),
        VersionChange(library="old", before="1", after=""),
    )
    assert summary_of(found) == ("six 1.0 → 2.0 fixes 2; also changes attrs 1 → 2, fresh new → 1, old 1 → gone")
    assert summary_of(found[:1]) == "six 1.0 → 2.0 fixes 2; nothing else changes"


def test_each_library_gets_its_own_update() -> None:
    """What has no fix stays listed for each library, also where an older problem of it had one."""
    old_fix = advisory("OLD", (START, "0"), (FIXED, "0.5"), library="idna")
    index = AdvisoryIndex(
        [
            old_fix,
            advisory("A", (START, "0"), library="idna"),
            advisory("B", (START, "0"), (FIXED, "2.0"), library="six"),
            advisory("C", (START, "0"), library="six"),
            advisory("D", (START, "0"), (FIXED, "2.0"), (START, "2.5"), library="rich"),
            advisory("E", (START, "0"), (FIXED, "3.0"), library="rich"),
        ]
    )
    matches = [match for name in ("idna", "rich", "six") for match in index.matches(name, "1.0")]
    found = plan_updates(matches, index)
    assert found.moves == (LibraryUpdate(library="six", version="1.0", least="2.0", fixes=("B",)),)
    assert [one.id for one in found.unfixed] == ["A", "D", "E", "C"]


def test_an_update_to_a_pre_release_keeps_the_bounds_that_allow_it() -> None:
    """PEP 440: a bound allows a pre-release where it is asked for."""
    move = LibraryUpdate(library="six", version="1.0", least="2.0rc1", fixes=("A",))
    spec = Spec(python="3.11", libraries=("six>=1,<3",))
    found = spec_with_updates(spec, lock_of({}), (move,), STRATEGIES[0], frozenset())
    assert found.libraries == ("six<3,>=1,>=2.0rc1",)
