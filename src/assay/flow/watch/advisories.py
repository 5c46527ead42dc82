"""Load an advisory feed: read it, compare it with the stored records, write the difference."""

from __future__ import annotations

from assay.core.errors import InvalidInputError
from assay.sources.advisories import MalformedRecordError, OpenFeed, RawRecord, open_feed, parse_record, source_name
from assay.store.advisories import Changes, keep, known_digests
from assay.store.models import Feed


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
