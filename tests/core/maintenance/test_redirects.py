"""Redirects end, and end at something that can be launched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assay.core.maintenance.end_dates import REMINDERS, days_left, due_reminder
from assay.core.maintenance.redirects import Target, final_target

NAMES = ("a@1", "a@2", "b@1", "c@1", "d@1")
targets = st.builds(Target, launchable=st.booleans(), follows=st.sampled_from(["", *NAMES, "x@1"]))
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(st.dictionaries(st.sampled_from(NAMES), targets), st.sampled_from(["", *NAMES]))
def test_a_redirect_never_loops_and_leads_to_what_can_be_launched(known: dict[str, Target], start: str) -> None:
    """Whatever successors were named."""
    visited: list[str] = []

    def find(reference: str) -> Target | None:
        visited.append(reference)
        return known.get(reference)

    found = final_target(start, find)
    assert len(visited) == len(set(visited))
    assert found == "" or known[found].launchable
    if start in known and known[start].launchable:
        assert found == start


def test_a_chain_is_followed_to_its_end() -> None:
    """Through retired versions; an unknown one and a circle lead nowhere."""
    chain = {
        "a@1": Target(launchable=False, follows="b@1"),
        "b@1": Target(launchable=False, follows="c@1"),
        "c@1": Target(launchable=True, follows="a@1"),
    }
    assert final_target("a@1", chain.get) == "c@1"
    circle = chain | {"c@1": Target(launchable=False, follows="a@1")}
    assert final_target("a@1", circle.get) == ""
    assert final_target("a@1", {"a@1": Target(launchable=False, follows="gone@1")}.get) == ""


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_each_reminder_is_due_once_whenever_the_worker_runs(gaps: list[int]) -> None:
    """Also after a pause: then only the nearest one."""
    ends, now, reminded, sent = NOW + timedelta(days=60), NOW, None, list[int]()
    for hours in gaps:
        now += timedelta(hours=hours * 6)
        if now >= ends:
            break
        due = due_reminder(ends, now, reminded)
        if due is not None:
            assert days_left(ends, now) <= due
            sent.append(due)
            reminded = due
    assert sent == sorted(set(sent), reverse=True)
    assert set(sent) <= set(REMINDERS)
