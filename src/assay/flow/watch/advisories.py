"""Load an advisory feed: read it, compare it with the stored records, write the difference."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from assay.core.errors import AssayError, InvalidInputError
from assay.sources.advisories import MalformedRecordError, OpenFeed, RawRecord, open_feed, parse_record, source_name
from assay.store.advisories import Changes, keep, known_digests
from assay.store.models import Feed, FeedAttempt
from assay.store.reads.advisories import feed_facts

EVERY = timedelta(hours=24)
RETRY = timedelta(minutes=30)  # after a failure


def is_feed_due(source: str, now: datetime) -> bool:
    """Return whether a feed must be loaded: the newest is a day old, and no attempt has just failed."""
    facts = feed_facts()
    if facts is not None and now - facts.loaded_at < EVERY:
        return False
    return not FeedAttempt.objects.filter(source=source_name(source)[:500], at__gt=now - RETRY).exists()


def refresh_feed(source: str) -> Feed:
    """Load a feed, and record that it was tried. Raises InvalidInputError or UnavailableError like `load_feed`."""
    error = ""
    try:
        return load_feed(source)
    except AssayError as failure:
        error = f"{failure.detail} {failure.hint}".strip()
        raise
    finally:
        FeedAttempt.objects.update_or_create(
            source=source_name(source)[:500], defaults={"at": timezone.now(), "error": error}
        )


def feed_problem(source: str) -> FeedAttempt | None:
    """Return the last attempt to load a feed if it failed, None otherwise, and for ''."""
    found = FeedAttempt.objects.filter(source=source_name(source)[:500]).exclude(error="") if source else None
    return found.first() if found is not None else None


def load_feed(source: str) -> Feed:
    """Load a feed by path or http(s) address. Raises InvalidInputError or UnavailableError, changing nothing."""
    known = known_digests()
    with open_feed(source) as feed:
        changes = _compare(feed, known)
        if not changes.seen:
            raise InvalidInputError(
                "The feed contains no record.", hint="Use the all.zip of the PyPI ecosystem.", path="source"
            )
        return keep(changes, known, source=source_name(source), digest=feed.digest)


def _compare(feed: OpenFeed, known: dict[str, str]) -> Changes:
    changes = Changes()
    for raw in feed.records():
        if raw.id in changes.seen:
            continue  # a zip archive may contain a name twice; the first one counts
        changes.seen.add(raw.id)
        if known.get(raw.id) != raw.digest:
            _add(changes, raw)
    return changes


def _add(changes: Changes, raw: RawRecord) -> None:
    try:
        changes.take(raw.id, raw.digest, parse_record(raw))
    except MalformedRecordError:
        changes.take(raw.id, raw.digest, None, malformed=True)
