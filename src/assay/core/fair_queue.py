"""Fair scheduling: who has the fewest jobs running goes first, then who was served least recently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")
Who = TypeVar("Who")


def next_in_queue(
    waiting: Sequence[tuple[Key, Who]], *, running: Mapping[Who, int], served: Mapping[Who, float], free: int
) -> list[Key]:
    """Return at most `free` of the waiting jobs, in the order in which to start them.

    `waiting` is in order of arrival, which is kept among the jobs of one person; `running` is the number of
    running jobs of each person; `served` is when (seconds) a job of each was last started.
    """
    queues: dict[Who, list[Key]] = {}
    for key, who in waiting:
        queues.setdefault(who, []).append(key)
    arrival = {who: place for place, who in enumerate(queues)}
    active = {who: running.get(who, 0) for who in queues}
    last = {who: served.get(who, float("-inf")) for who in queues}
    latest = max([*served.values(), 0.0])
    chosen: list[Key] = []
    while queues and len(chosen) < free:
        who = min(queues, key=lambda one: (active[one], last[one], arrival[one]))
        chosen.append(queues[who].pop(0))
        active[who] += 1
        last[who] = latest = latest + 1
        if not queues[who]:
            del queues[who]
    return chosen
