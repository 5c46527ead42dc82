"""The worker's sign of life, which readiness and *Admin → System* read."""

from __future__ import annotations

import uuid

from assay.store import workers

EVERY = 20.0  # seconds


class Heartbeat:
    """Says every `EVERY` seconds that this worker works."""

    def __init__(self) -> None:
        self._worker: uuid.UUID | None = None

    def advance(self) -> None:
        """Write it."""
        if self._worker is None or not workers.mark_seen(self._worker):
            self._worker = workers.announce()

    def end(self) -> None:
        """Leave the list."""
        if self._worker is not None:
            workers.leave(self._worker)
