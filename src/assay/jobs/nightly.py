"""What is refreshed once a day: the advisory feed."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assay.core.errors import AssayError
from assay.flow.advisories import load_feed
from assay.store.reads.advisories import feed_facts

log = logging.getLogger("assay.worker")
EVERY = timedelta(hours=24)
AGAIN = 1800.0  # seconds to wait after a failure


class Nightly:
    """Loads the feed that the settings name when the one there is is a day old."""

    def __init__(self) -> None:
        self._not_before = 0.0

    def refresh(self) -> bool:
        """Load the feed if it is time. Returns whether it was loaded; a failure waits and comes again."""
        if not settings.ADVISORIES or time.monotonic() < self._not_before:
            return False
        facts = feed_facts()
        if facts is not None and timezone.now() - facts.loaded_at < EVERY:
            return False
        try:
            feed = load_feed(settings.ADVISORIES)
        except AssayError as error:
            self._not_before = time.monotonic() + AGAIN
            log.warning("Advisories were not refreshed: %s", error.detail)
            return False
        log.info("Advisories: %s records, %s new, %s changed", feed.records, feed.added, feed.changed)
        return True
