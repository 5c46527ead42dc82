"""Whose turn it is: who has least under way goes first, then who waited longest since their last turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Who = TypeVar("Who")


def next_turns(
    waiting: Sequence[tuple[Key, Who]], *, running: Mapping[Who, int], served: Mapping[Who, float], free: int
) -> list[Key]:
    """Return at most `free` of those that wait, in the order in which they go.

    `waiting` is in order of arrival, which each person's own keep; `running` counts what each has under way;
    `served` is when (seconds) each had a turn last.
    """
    queues: dict[Who, list[Key]] = {}
    for key, who in waiting:
        queues.setdefault(who, []).append(key)
    arrival = {who: place for place, who in enumerate(queues)}
    under_way = {who: running.get(who, 0) for who in queues}
    last = {who: served.get(who, float("-inf")) for who in queues}
    latest = max([*served.values(), 0.0])
    chosen: list[Key] = []
    while queues and len(chosen) < free:
        who = min(queues, key=lambda one: (under_way[one], last[one], arrival[one]))
        chosen.append(queues[who].pop(0))
        under_way[who] += 1
        last[who] = latest = latest + 1
        if not queues[who]:
            del queues[who]
    return chosen
