"""How long the rest takes, from how fast the last seconds went; no word where that cannot be known."""

from __future__ import annotations

from collections import deque

WINDOW = 5.0  # seconds that are looked back on
ENOUGH = 1.0  # seconds after which there is something to say


class Eta:
    """Amounts over time. Times are of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def left(self, now: float, done: int, total: int) -> float | None:
        """Note that so much is done, and return the seconds that the rest takes at this eta."""
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()
        since, before = self._seen[0]
        if now - since < ENOUGH or done <= before or done >= total:
            return None
        return (total - done) * (now - since) / (done - before)
