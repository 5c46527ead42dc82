"""The current advisory feed as an index in memory, built once per load and process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from assay.core.advisories.advisory import Advisory, AdvisoryIndex
from assay.store.models import AdvisoryRecord, Feed


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """The source, age and record counts of a feed, shown with every verdict."""

    id: int
    source: str
    loaded_at: datetime
    newest: str
    records: int
    malformed: int

    def age_days(self, now: datetime) -> int:
        """Return the full days since the feed was loaded."""
        return max(0, (now - self.loaded_at).days)


@dataclass(frozen=True, kw_only=True)
class CurrentFeed:
    """A feed and the index of its records."""

    facts: FeedFacts
    index: AdvisoryIndex


class _FeedCache:
    """The feed that this process used last, with its index."""

    def __init__(self) -> None:
        self._current: CurrentFeed | None = None
        self._guard = threading.Lock()

    def get(self, facts: FeedFacts) -> CurrentFeed:
        """Return the feed with its index, building the index unless it is cached."""
        with self._guard:
            if self._current is None or self._current.facts != facts:
                self._current = CurrentFeed(facts=facts, index=AdvisoryIndex(all_advisories()))
            return self._current


_cache = _FeedCache()


def feed_facts() -> FeedFacts | None:
    """Return the facts of the newest feed, None when no feed was loaded."""
    feed = Feed.objects.order_by("-pk").first()
    if feed is None:
        return None
    return FeedFacts(
        id=feed.pk,
        source=feed.source,
        loaded_at=feed.loaded_at,
        newest=feed.newest,
        records=feed.records,
        malformed=feed.malformed,
    )


def current_feed() -> CurrentFeed | None:
    """Return the newest feed with its index, None when no feed was loaded."""
    facts = feed_facts()
    return _cache.get(facts) if facts else None


def all_advisories() -> list[Advisory]:
    """Return every stored advisory, including withdrawn ones."""
    documents = AdvisoryRecord.objects.filter(document__isnull=False).values_list("document", flat=True)
    return [Advisory.from_dict(one) for one in documents if one is not None]
