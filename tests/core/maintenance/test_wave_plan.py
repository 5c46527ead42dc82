"""Waves: what follows a newer version of a base, in which order, and what is skipped and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.maintenance.wave_plan import (
    NEXT_STATES,
    OPEN,
    Derived,
    SkipReason,
    Target,
    counts_in_words,
    plan_wave,
    target_may_move,
)


def on(environment: str, base: str, base_number: int = 1, **more: object) -> Derived:
    """Return version 1 of an environment, built on a version of a base."""
    return Derived(environment=environment, number=1, base=base, base_number=base_number, **more)  # type: ignore[arg-type]  # as given


def test_levels_follow_the_chain_of_bases() -> None:
    """What builds on a target waits for it; what builds on the base itself does not."""
    plan = plan_wave(
        "ds", 2, [on("web", "geo"), on("geo", "ds"), on("tiles", "web"), on("abc", "ds"), on("x", "other")]
    )
    assert [(one.derived.environment, one.level, one.waits_for) for one in plan.targets] == [
        ("abc", 1, ""),
        ("geo", 1, ""),
        ("web", 2, "geo"),
        ("tiles", 3, "web"),
    ]
    assert plan.skipped == ()


@pytest.mark.parametrize(
    ("derived", "reason", "words", "may_include"),
    [
        (on("geo", "ds", 2), SkipReason.CURRENT, "It builds on ds@2 already.", False),
        (on("geo", "ds", deprecated=True), SkipReason.DEPRECATED, "geo@1 is deprecated.", False),
        (on("geo", "ds", drafting=True), SkipReason.DRAFT, "A newer version of it is in progress.", True),
        (on("geo", "ds", wave=7, drafting=True), SkipReason.IN_WAVE, "It is in wave 7 already.", False),
    ],
)
def test_what_is_skipped_says_why(derived: Derived, reason: SkipReason, words: str, *, may_include: bool) -> None:
    """One that builds on the skipped one is skipped with it, unless it is on the new base already."""
    (skip,) = plan_wave("ds", 2, [derived]).skipped
    assert (skip.reason, skip.words, skip.may_include) == (reason, words, may_include)
    below = plan_wave("ds", 2, [derived, on("web", "geo")])
    assert below.targets == ()
    expected = "It builds on geo@1 already." if reason is SkipReason.CURRENT else "Its base geo is not updated."
    assert [one.words for one in below.skipped] == [words, expected]


def test_what_builds_on_an_older_version_of_an_updated_one_does_not_wait() -> None:
    """Its base was updated before: it moves to that one's active version at once."""
    geo = Derived(environment="geo", number=3, base="ds", base_number=2)
    plan = plan_wave("ds", 2, [geo, on("web", "geo", 2)])
    assert [(one.derived.environment, one.level, one.waits_for) for one in plan.targets] == [("web", 1, "")]
    assert [(one.derived.environment, one.reason) for one in plan.skipped] == [("geo", SkipReason.CURRENT)]


def test_a_choice_limits_the_targets() -> None:
    """A named one is a target in spite of a draft; one whose base was not chosen is told so."""
    derived = [on("geo", "ds", drafting=True), on("web", "geo"), on("abc", "ds"), on("zed", "abc")]
    plan = plan_wave("ds", 2, derived, ["geo", "zed"])
    assert [one.derived.environment for one in plan.targets] == ["geo"]
    assert [(one.derived.environment, one.words) for one in plan.skipped] == [("zed", "Its base abc is not updated.")]
    assert plan_wave("ds", 2, derived, []).targets == ()
    assert plan_wave("ds", 2, derived, []).skipped == ()
    deep = [on("geo", "ds"), on("web", "geo"), on("tiles", "web")]
    assert [one.derived.environment for one in plan_wave("ds", 2, deep, ["tiles"]).skipped] == ["tiles"]


NAMES = st.sampled_from("abcdef")
ROWS = st.lists(
    st.builds(
        Derived,
        environment=NAMES,
        number=st.integers(1, 3),
        base=NAMES,
        base_number=st.integers(1, 3),
        deprecated=st.booleans(),
        drafting=st.booleans(),
        wave=st.none() | st.integers(1, 3),
    ),
    max_size=6,
    unique_by=lambda one: one.environment,
)


@given(ROWS, st.integers(1, 4), st.none() | st.sets(NAMES))
def test_every_target_can_be_built(derived: list[Derived], number: int, chosen: set[str] | None) -> None:
    """No environment is in a plan twice, the base never; a target waits only for a target of the level below."""
    plan = plan_wave("a", number, derived, chosen)
    names = [one.derived.environment for one in plan.targets]
    skipped = [one.derived.environment for one in plan.skipped]
    assert len(names) == len(set(names))
    assert not {"a", *names} & set(skipped)
    assert chosen is None or set(names) <= chosen
    levels = {one.derived.environment: one.level for one in plan.targets}
    for one in plan.targets:
        assert not one.waits_for or levels[one.waits_for] == one.level - 1
        assert one.derived.base == one.waits_for or not one.waits_for
        assert not one.derived.deprecated
        assert one.derived.wave is None


def test_states_end() -> None:
    """A state leads only to later ones, except a retry; what is published or stopped stays so."""
    assert {state for state, following in NEXT_STATES.items() if not following} == {Target.PUBLISHED, Target.STOPPED}
    assert target_may_move(Target.FAILED, Target.QUEUED)
    assert not target_may_move(Target.PUBLISHED, Target.QUEUED)
    assert all(Target.STOPPED in NEXT_STATES[state] and Target.FAILED in NEXT_STATES[state] for state in OPEN)


def test_counts_are_said_in_one_phrase() -> None:
    """What is done first; states without targets are left out."""
    assert counts_in_words({"failed": 1, "submitted": 1200, "queued": 0}) == "1,200 submitted, 1 failed"
    assert counts_in_words({}) == ""
