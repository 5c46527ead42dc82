"""Roll-outs: plans, verdicts, and what a name falls back to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.lifecycle import Status
from assay.core.maintenance.rollout import (
    MOST_PEOPLE,
    Candidate,
    Figures,
    RolloutPlan,
    Starts,
    Verdict,
    check_plan,
    fall_back,
    figures_of,
    progress,
    takes_over,
    verdict,
)

START = datetime(2030, 1, 1, tzinfo=UTC)
counts = st.integers(0, 40)


def check(plan: RolloutPlan) -> RolloutPlan:
    """Check a plan in a workspace with two people and one group."""
    return check_plan(plan, members=["ana", "eve"], groups=["geo"])


def decide(figures: Figures, *, starts: int = 0, days: int = 0, after: timedelta = timedelta()) -> Verdict:
    """Return the verdict on a pilot some time after its start."""
    return verdict(RolloutPlan(people=("eve",), starts=starts, days=days), figures, started=START, now=START + after)


def test_a_plan_says_who_and_until_when() -> None:
    """In words, and as plain values that read back the same."""
    plan = check(RolloutPlan(people=("eve", "eve"), groups=("geo",), starts=20, days=1))
    assert (plan.who, plan.until) == ("group geo and eve", "20 successful starts or 1 day without failure")
    assert plan.words == "group geo and eve first, everyone after 20 successful starts or 1 day without failure"
    assert RolloutPlan().words == "everyone at once"
    assert RolloutPlan.from_dict(plan.to_dict()) == plan
    assert RolloutPlan(groups=("a", "b"), days=2).who == "groups a, b"
    assert RolloutPlan(people=("a", "b"), days=2).until == "2 days without failure"
    assert (RolloutPlan(people=("ana",)).who, RolloutPlan().until) == ("ana", "")


def test_a_plan_that_names_nobody_is_everyone() -> None:
    """Its figures mean nothing then."""
    assert check(RolloutPlan(starts=5)) == RolloutPlan()
    assert RolloutPlan(starts=5).to_dict() == {}
    assert RolloutPlan.from_dict({}).everyone


@pytest.mark.parametrize(
    ("plan", "path", "words"),
    [
        (RolloutPlan(people=("mallory",), starts=1), "people", "'mallory' is not a member"),
        (RolloutPlan(groups=("nobody",), starts=1), "groups", "'nobody' is not a group"),
        (RolloutPlan(groups=("No Group",), starts=1), "groups", "not a group name"),
        (RolloutPlan(people=tuple(map(str, range(MOST_PEOPLE + 1))), starts=1), "people", "101 people"),
        (RolloutPlan(people=("eve",)), "starts", "no end"),
        (RolloutPlan(people=("eve",), starts=-1), "starts", "-1 starts"),
        (RolloutPlan(people=("eve",), starts=1, days=91), "days", "91 days"),
    ],
)
def test_a_wrong_plan_says_what_is_wrong(plan: RolloutPlan, path: str, words: str) -> None:
    """And where."""
    with pytest.raises(InvalidInputError) as caught:
        check(plan)
    assert caught.value.path == path
    assert words in caught.value.detail


def test_who_belongs_to_a_pilot_group() -> None:
    """By name, or by any group."""
    plan = RolloutPlan(people=("eve",), groups=("geo", "maps"), starts=1)
    assert plan.includes("eve", [])
    assert plan.includes("ana", ["x", "maps"])
    assert not plan.includes("ana", ["x"])
    assert not plan.includes("ana", [])


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (Figures(starts=3, failures=2), Verdict.HALT),
        (Figures(starts=2, failures=2), Verdict.CONTINUE),
        (Figures(starts=9, failures=1), Verdict.CONTINUE),
        (Figures(starts=10, failures=2, starts_before=10, failures_before=2), Verdict.CONTINUE),
        (Figures(starts=10, failures=3, starts_before=10, failures_before=2), Verdict.HALT),
        (Figures(starts=10, failures=0), Verdict.COMPLETE),
        (Figures(starts=10, failures=1), Verdict.CONTINUE),
        (Figures(starts=12, failures=2), Verdict.HALT),
        (Figures(starts=12, failures=2, starts_before=6, failures_before=1), Verdict.COMPLETE),
    ],
)
def test_the_verdict_from_starts(figures: Figures, expected: Verdict) -> None:
    """Two failures among three starts halt it, if the version before failed less often; ten good starts end it."""
    assert decide(figures, starts=10) is expected


def test_the_verdict_from_days() -> None:
    """They count from the start, or from the last failure."""
    week = timedelta(days=7)
    assert decide(Figures(), days=7, after=week) is Verdict.COMPLETE
    assert decide(Figures(), days=7, after=week - timedelta(seconds=1)) is Verdict.CONTINUE
    failed = Figures(starts=1, failures=1, last_failure=START + timedelta(days=1))
    assert decide(failed, days=7, after=week) is Verdict.CONTINUE
    assert decide(failed, days=7, after=week + timedelta(days=1)) is Verdict.COMPLETE
    assert decide(Figures(starts=99), after=10 * week) is Verdict.CONTINUE


@given(good=counts, failed=counts, good_before=counts, failed_before=counts, starts=counts)
def test_a_pilot_that_fails_more_often_never_completes(
    good: int, failed: int, good_before: int, failed_before: int, starts: int
) -> None:
    """From two failures and three starts on, whatever else is reached."""
    figures = Figures(
        starts=good + failed,
        failures=failed,
        starts_before=good_before + failed_before,
        failures_before=failed_before,
    )
    found = decide(figures, starts=starts, days=1, after=timedelta(days=50))
    worse = failed * max(1, good_before + failed_before) > failed_before * (good + failed)
    assert (found is Verdict.HALT) == (failed >= 2 and good + failed >= 3 and worse)


def test_like_is_compared_with_like() -> None:
    """Kinds of starts that the pilot does not have do not count in the version before."""
    before = {"server": Starts(good=90, failed=10), "run": Starts(good=1, failed=9)}
    later, earlier = START + timedelta(hours=2), START
    new = {"server": Starts(good=3, failed=1, last_failure=earlier), "run": Starts(), "app": Starts(good=1)}
    assert figures_of(new, before) == Figures(
        starts=5, failures=1, starts_before=100, failures_before=10, last_failure=earlier
    )
    both = figures_of({**new, "run": Starts(failed=1, last_failure=later)}, before)
    assert (both.starts_before, both.failures_before, both.last_failure) == (110, 19, later)
    assert figures_of({}, before) == Figures()


def test_figures_in_words() -> None:
    """Both shares, always."""
    figures = Figures(starts=1200, failures=30, starts_before=4, failures_before=1)
    assert figures.words == "30 of 1,200 starts failed (2 %); in the version before 1 of 4 (25 %)"
    assert (figures.good, Figures().share, Figures().share_before) == (1170, 0, 0)


statuses = st.sampled_from([Status.PUBLISHED, Status.DEPRECATED, Status.RETIRED, Status.PENDING, Status.DRAFT])


@given(st.lists(st.tuples(statuses, st.booleans(), st.booleans()), max_size=6))
def test_a_name_falls_back_to_what_is_in_use(rows: list[tuple[Status, bool, bool]]) -> None:
    """Published before deprecated, sound before unsound, newest first; never what is held back."""
    versions = [
        Candidate(number=number, status=status, held_back=held, sound=sound)
        for number, (status, held, sound) in enumerate(rows, start=1)
    ]
    found = fall_back(versions)
    usable = [one for one in versions if not one.held_back and one.status in {"published", "deprecated"}]
    if found is None:
        assert not usable
        return
    chosen = versions[found - 1]
    assert chosen in usable
    for one in usable:
        assert (one.status == "published", one.sound, one.number) <= (
            chosen.status == "published",
            chosen.sound,
            chosen.number,
        )


def test_an_older_version_never_takes_over() -> None:
    """Nor one that is older than the one in its pilot."""
    assert takes_over(1, active=None, pilot=None)
    assert takes_over(4, active=3, pilot=None)
    assert not takes_over(4, active=5, pilot=None)
    assert not takes_over(4, active=3, pilot=5)


def test_progress_counts_as_the_verdict_does() -> None:
    """Good starts, and days since the last failure; what the plan does not use is left out."""
    plan = RolloutPlan(people=("eve",), starts=4, days=10)
    figures = Figures(starts=4, failures=1, last_failure=START + timedelta(days=6))
    found = progress(plan, figures, started=START, now=START + timedelta(days=9))
    assert [(one.words, one.share) for one in found] == [
        ("3 of 4 successful starts", 0.75),
        ("3 of 10 days without failure", 0.3),
    ]
    assert progress(RolloutPlan(), figures, started=START, now=START) == ()
