"""Turns are fair: nobody who has more under way goes before somebody who has less."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.core.fair_queue import next_in_queue

PEOPLE = st.integers(0, 4)


@given(
    st.lists(PEOPLE, max_size=30),
    st.dictionaries(PEOPLE, st.integers(0, 3)),
    st.dictionaries(PEOPLE, st.floats(0, 100)),
    st.integers(0, 10),
)
def test_turns_are_fair(queue: list[int], running: dict[int, int], served: dict[int, float], free: int) -> None:
    """All free places are used, each person's own keep their order, and the least served goes first."""
    waiting = list(enumerate(queue))
    chosen = next_in_queue(waiting, running=running, served=served, free=free)
    assert len(chosen) == len(set(chosen)) == min(free, len(waiting))
    for who in set(queue):
        own = [key for key, one in waiting if one == who]
        assert [key for key in chosen if queue[key] == who] == own[: sum(queue[key] == who for key in chosen)]
    under_way = {who: running.get(who, 0) for who in set(queue)}
    left = {who: queue.count(who) for who in set(queue)}
    for key in chosen:
        least = min(under_way[who] for who in left if left[who])
        assert under_way[queue[key]] == least
        under_way[queue[key]] += 1
        left[queue[key]] -= 1


def test_with_one_place_people_take_turns() -> None:
    """A hundred of one person do not hold up the one of another, though only one runs at a time."""
    waiting = [(number, "ana") for number in range(100)] + [(100, "ben")]
    assert next_in_queue(waiting, running={}, served={"ana": 5.0}, free=1) == [100]
    assert next_in_queue(waiting, running={}, served={}, free=3) == [0, 100, 1]


def test_what_is_chosen_counts_as_under_way() -> None:
    """So the order is that of starting them one after the other."""
    waiting = [(key, key[:3]) for key in ("ana0", "ana1", "ana2", "ben0", "ben1", "eva0")]
    assert next_in_queue(waiting, running={}, served={}, free=6) == ["ana0", "ben0", "eva0", "ana1", "ben1", "ana2"]
    assert next_in_queue(waiting, running={"ana": 2, "ben": 3, "eva": 9}, served={}, free=4) == [
        *("ana0", "ben0", "ana1", "ben1"),
    ]
    assert next_in_queue(waiting, running={"ben": 2, "eva": 9}, served={}, free=3) == ["ana0", "ana1", "ben0"]
