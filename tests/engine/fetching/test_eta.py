"""An estimate that is not a lie: none too early, none when nothing moves, right at an even eta."""

from __future__ import annotations

from assay.engine.fetching.eta import Eta


def test_at_an_even_pace_the_rest_takes_what_it_takes() -> None:
    """100 units a second, 1,000 in all: after four seconds six are left."""
    eta = Eta()
    told = [eta.left(second * 0.5, second * 50, 1000) for second in range(9)]
    assert told[:2] == [None, None]
    assert told[8] == 6.0


def test_only_the_last_seconds_count() -> None:
    """Who was slow and is fast now is judged by now."""
    eta = Eta()
    for second in range(20):
        eta.left(second, second, 1000)
    for second in range(20, 26):
        last = eta.left(second, 20 + (second - 20) * 100, 1000)
    assert last == (1000 - 520) / 100


def test_nothing_is_said_when_nothing_moves() -> None:
    """A stalled transfer has no end in sight, and a finished one needs none."""
    eta = Eta()
    assert [eta.left(second, 10, 100) for second in range(9)] == [None] * 9
    assert eta.left(10.0, 100, 100) is None
