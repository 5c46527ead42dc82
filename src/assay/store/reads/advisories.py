"""The current feed as an index in memory: made once per load and process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from assay.core.advisories.advisory import Advisory, AdvisoryIndex
from assay.store.models import AdvisoryRecord, Feed


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """What every verdict tells of its feed: where it came from and how old it is."""

    id: int
    source: str
    loaded_at: datetime
    newest: str
    records: int
    malformed: int

    def age_days(self, now: datetime) -> int:
        """Return the full days since it was loaded."""
        return max(0, (now - self.loaded_at).days)


@dataclass(frozen=True, kw_only=True)
class CurrentFeed:
    """A feed and the index of its records."""

    facts: FeedFacts
    index: AdvisoryIndex


class _Kept:
    """The index of the newest feed that this process has asked for."""

    def __init__(self) -> None:
        self._current: CurrentFeed | None = None
        self._guard = threading.Lock()

    def get(self, facts: FeedFacts) -> CurrentFeed:
        """Return the index of this feed, made now unless it is kept."""
        with self._guard:
            if self._current is None or self._current.facts != facts:
                self._current = CurrentFeed(facts=facts, index=AdvisoryIndex(all_advisories()))
            return self._current


_kept = _Kept()


def feed_facts() -> FeedFacts | None:
    """Return the newest feed, None when none was ever loaded."""
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
    """Return the newest feed with its index, None when none was ever loaded."""
    facts = feed_facts()
    return _kept.get(facts) if facts else None


def all_advisories() -> list[Advisory]:
    """Return every record that is kept, withdrawn ones included."""
    documents = AdvisoryRecord.objects.filter(document__isnull=False).values_list("document", flat=True)
    return [Advisory.from_dict(one) for one in documents if one is not None]
