"""Loads the advisory feed of the settings once a day, in a process of low priority.

`python -m assay.jobs.feed_refresh` loads it now.
"""

from __future__ import annotations

import logging
import sys

from assay.jobs.low_priority import LowPriorityProcess

log = logging.getLogger("assay.worker")


class FeedRefresh:
    """Starts a process when the feed is due; one that fails says so in the database, and is tried again later."""

    def __init__(self) -> None:
        self._process = LowPriorityProcess(__name__, failed="The advisories were not loaded")

    def advance(self) -> bool:
        """Start loading the feed if it is due. Return whether it is being loaded."""
        from django.conf import settings  # noqa: PLC0415 - `main` sets Django up after this module is loaded
        from django.utils import timezone  # noqa: PLC0415 - as above

        from assay.flow.watch.advisories import is_feed_due  # noqa: PLC0415 - as above

        if self._process.is_running():
            return True
        source = settings.ADVISORIES
        if not source or not self._process.is_free() or not is_feed_due(source, timezone.now()):
            return False
        self._process.start()
        return True


def main() -> int:
    """Load the feed now."""
    import django  # noqa: PLC0415 - only in a process of its own

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after setup()

    from assay.core.errors import AssayError  # noqa: PLC0415 - as above
    from assay.flow.watch.advisories import refresh_feed  # noqa: PLC0415 - as above

    try:
        feed = refresh_feed(settings.ADVISORIES)
    except AssayError as error:
        log.warning("Advisories were not loaded: %s", error.detail)
        return 0  # the database says why
    log.info("Advisories: %s records, %s new, %s changed", feed.records, feed.added, feed.changed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
