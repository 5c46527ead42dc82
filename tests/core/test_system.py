"""The limits at which an installation cannot serve."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assay.core.system import State, disk_state, feed_state, workers_state

GIB = 1 << 30


@pytest.mark.parametrize(
    ("seconds", "state"), [([], "bad"), ([61], "bad"), ([60], "bad"), ([59], "ok"), ([900, 3], "ok")]
)
def test_one_worker_that_works_is_enough(seconds: list[int], state: str) -> None:
    """Others may be gone."""
    assert workers_state([timedelta(seconds=one) for one in seconds]) == state


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (GIB - 1, 10 * GIB, State.BAD),
        (GIB, 10 * GIB, State.OK),
        (GIB, 11 * GIB, State.WARN),
        (50 * GIB, 400 * GIB, State.OK),
    ],
)
def test_a_disk_needs_room_for_a_build(free: int, total: int, state: State) -> None:
    """A tenth is low; less than a gigabyte is too little."""
    assert disk_state(free, total) is state


def test_advisories_get_old() -> None:
    """None are missed where none are wanted."""
    assert feed_state(None, wanted=True) is State.WARN
    assert feed_state(None, wanted=False) is State.OK
    assert feed_state(timedelta(days=4), wanted=True) is State.WARN
    assert feed_state(timedelta(days=3), wanted=True) is State.OK
