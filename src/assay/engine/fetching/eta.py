"""The estimated remaining time of a transfer, from the speed of its last seconds; None when unknown."""

from __future__ import annotations

from collections import deque

WINDOW = 5.0  # seconds over which the speed is measured
MIN_SECONDS = 1.0  # before the first estimate


class Eta:
    """The estimate for one transfer; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def left(self, now: float, done: int, total: int) -> float | None:
        """Record the amount done, and return the estimated seconds for the rest."""
        self._samples.append((now, done))
        while now - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        since, before = self._samples[0]
        if now - since < MIN_SECONDS or done <= before or done >= total:
            return None
        return (total - done) * (now - since) / (done - before)
