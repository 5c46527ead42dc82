"""The report of a version: the facts recorded at build time, and current advisories and index metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from assay.core.advisories.advisory import Match
from assay.core.licences.names import normalise
from assay.core.lifecycle import shown_health
from assay.core.lock import Lock as LockValue
from assay.core.lock import LockedLibrary
from assay.core.policy.facts import Project
from assay.flow.assess.facts import library_fact
from assay.store.models import Assessment, Version
from assay.store.reads.advisories import CurrentFeed, FeedFacts, current_feed
from assay.store.reads.facts import projects

NO_FEED = "No advisory feed is loaded."


@dataclass(frozen=True, kw_only=True)
class KnownVulnerabilities:
    """The advisories that match a version's libraries. `feed` None: nothing was assessed, `matches` is empty."""

    feed: FeedFacts | None
    matches: tuple[Match, ...]


def known_vulnerabilities(version: Version, feed: CurrentFeed | None = None) -> KnownVulnerabilities:
    """Match the libraries of a built version with the newest advisory feed."""
    feed = feed or current_feed()
    if feed is None or version.lock is None:
        return KnownVulnerabilities(feed=None, matches=())
    libraries = LockValue.from_dict(version.lock.content).libraries
    found = tuple(match for one in libraries for match in feed.index.matches(one.name, one.version))
    return KnownVulnerabilities(feed=feed.facts, matches=found)


def report_document(version: Version) -> dict[str, Any]:
    """Return the stored report with current data added: advisories, their feed, licences, health, provenance."""
    if version.lock is None:
        return {}
    known = known_vulnerabilities(version)
    stored: dict[str, Any] = version.lock.report
    libraries = [{**one, "licence_expression": normalise(str(one.get("licence", "")))} for one in stored["libraries"]]
    return stored | {
        "libraries": libraries,
        "advisories": advisory_rows(known),
        "advisory_feed": feed_document(known.feed),
        "health": shown_health(version.health, assessed=known.feed is not None),
        "provenance": provenance_rows(version),
    }


def provenance_rows(version: Version) -> list[dict[str, Any]]:
    """Return where each file came from and what its index reports about it today.

    A value is None when the index was not queried yet or does not offer it (attestations).
    """
    libraries = LockValue.from_dict(version.lock.content).libraries if version.lock else ()
    known = projects(one.name for one in libraries)
    return [_provenance(one, known.get(one.name)) for one in libraries]


def _provenance(library: LockedLibrary, project: Project | None) -> dict[str, Any]:
    uploaded = library_fact(library, "").uploaded
    newest_at = project.newest_at if project else None
    return {
        "library": library.name,
        "version": library.version,
        "index": library.index,
        "file": library.file.name,
        "wheel": library.file.is_wheel,
        "uploaded": library.file.uploaded or None,
        "yanked": project.yanked.get(library.version) if project else None,
        "attested": library.version in project.attested if project and project.attested else None,
        "project_status": project.status if project else "not assessed",
        "newest": project.newest if project else None,
        "days_behind": max(0, (newest_at - uploaded).days) if newest_at and uploaded else None,
    }


def advisory_rows(known: KnownVulnerabilities) -> list[dict[str, Any]] | dict[str, str]:
    """Return one row per advisory, or why nothing was assessed; an empty list means no known vulnerabilities."""
    if known.feed is None:
        return {"state": "not assessed", "reason": NO_FEED}
    return [
        {
            "library": one.library,
            "version": one.version,
            "id": one.id,
            "aliases": list(one.aliases),
            "severity": str(one.severity),
            "score": one.score,
            "fixed": one.fixed or None,
            "malware": one.malware,
            "summary": one.summary,
            "published": one.published,
        }
        for one in known.matches
    ]


def feed_document(feed: FeedFacts | None) -> dict[str, Any] | None:
    """Return the source, age in days and record counts of a feed, None when there is none."""
    if feed is None:
        return None
    return {
        "source": feed.source,
        "loaded": feed.loaded_at,
        "age_days": feed.age_days(timezone.now()),
        "newest_record": feed.newest,
        "records": feed.records,
        "malformed": feed.malformed,
    }


def health_of(version: Version) -> str:
    """Return the health as users see it: "ok" only when the newest verdict used an advisory feed."""
    known: Assessment | None = getattr(version, "assessment", None)  # a query unless it is loaded with the version
    return shown_health(version.health, assessed=known is not None and known.feed_id is not None)
