"""What is refreshed once a day: the advisory feed, and what the index tells of projects."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from assay.core.errors import AssayError
from assay.flow.watch.advisories import load_feed
from assay.flow.watch.projects import refresh_projects
from assay.store.reads.advisories import feed_facts

log = logging.getLogger("assay.worker")
EVERY = timedelta(hours=24)
AGAIN = 1800.0  # seconds to wait after a failure


class Refresh:
    """Loads the feed that the settings name when the one there is is a day old, and asks the index."""

    def __init__(self) -> None:
        self._not_before = self._ask_not_before = 0.0

    def projects(self) -> bool:
        """Ask the index about some projects. Returns whether any was due; a failure waits and comes again."""
        if time.monotonic() < self._ask_not_before:
            return False
        try:
            return bool(refresh_projects())
        except AssayError as error:
            self._ask_not_before = time.monotonic() + AGAIN
            log.warning("The index was not asked about projects: %s", error.detail)
            return False

    def feed(self) -> bool:
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
