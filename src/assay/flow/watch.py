"""Watching after approval: when feed, policy or day change, every published version is assessed again.

What is new turns a version's health to attention and opens an entry for reviewers; what is gone, or
waived, closes it. Malware stops new launches at once where the policy says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.finding import EFFECT_RANK, Effect, Finding
from assay.core.lifecycle import Health
from assay.core.policy import Judge
from assay.core.rules import Malware
from assay.flow.facts import keep_facts
from assay.flow.policy import Standing, current_policy
from assay.flow.world import world_for
from assay.store.journal import record_version
from assay.store.models import Assessment, HealthEntry, Version, Watch, Workspace
from assay.store.reads.advisories import FeedFacts, feed_facts
from assay.store.reads.facts import facts_of, in_parts, live_versions
from assay.store.reads.waivers import live_keys
from assay.store.transitions import set_health

WATCHER = "assay"  # who the events name
AT_ONCE = 200  # verdicts of one statement


@dataclass(frozen=True, kw_only=True)
class Change:
    """What another look at a version found: facts that are new, and facts that are gone."""

    row: dict[str, Any]
    findings: tuple[Finding, ...]
    new: tuple[Finding, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Round:
    """One look at all published versions of a workspace."""

    assessed: int
    attention: int
    cleared: int
    quarantined: int


def advance() -> bool:
    """Assess every workspace again whose policy, feed or day is another than at its last round."""
    feed, today = feed_facts(), timezone.now().date()
    done = False
    for workspace in Workspace.objects.select_related("watch"):
        standing = current_policy(workspace.pk)
        watch = Watch.objects.filter(workspace=workspace).first()
        now = (standing.revision, feed.id if feed else None, today)
        if watch is None or (watch.policy, watch.feed, watch.day) != now:
            assess_all(workspace.pk, standing, feed)
            done = True
    return done


def assess_all(workspace_id: int, standing: Standing, feed: FeedFacts | None) -> Round:
    """Assess every published version of a workspace and do what follows. Each version stands for itself."""
    keep_facts()
    now = timezone.now()
    waived = live_keys(workspace_id, now)
    assessed = attention = cleared = quarantined = 0
    kept: list[Assessment] = []
    for change in _changes(workspace_id, standing):
        assessed += 1
        accepted = waived.get(change.row["environment_id"], frozenset())
        if change.new or change.gone or change.row["health"] != Health.OK:
            what = _take_in(change, accepted, standing)
            attention += what == Health.ATTENTION
            cleared += what == Health.OK
            quarantined += what == Health.QUARANTINED
        kept.append(_verdict(change, standing.revision, feed, now))
    _keep(kept)
    Watch.objects.update_or_create(
        workspace_id=workspace_id,
        defaults={"policy": standing.revision, "feed": feed.id if feed else None, "day": now.date(), "at": now},
    )
    return Round(assessed=assessed, attention=attention, cleared=cleared, quarantined=quarantined)


def _changes(workspace_id: int, standing: Standing) -> Iterator[Change]:
    """Yield each published version with its findings now, and what differs from its verdict before."""
    rows = live_versions(workspace_id)
    facts = facts_of(rows)
    judge = Judge(standing.policy, world_for(workspace_id, standing.policy))
    before = _known([row["pk"] for row in rows])
    for row in rows:
        findings = judge.findings(facts[row["pk"]])
        known = before.get(row["pk"], {})
        here = {one.key for one in findings}
        yield Change(
            row=row,
            findings=tuple(findings),
            new=tuple(one for one in findings if _is_news(one, known)),
            gone=tuple(key for key, effect in known.items() if key not in here and effect != Effect.NOTE),
        )


def _known(versions: list[int]) -> dict[int, dict[str, str]]:
    """Return the effect of each fact in the last verdict on each version."""
    found: dict[int, dict[str, str]] = {}
    for part in in_parts(versions):
        for pk, findings in Assessment.objects.filter(pk__in=part).values_list("pk", "findings"):
            found[pk] = {one["key"]: one["effect"] for one in findings}
    return found


def _is_news(finding: Finding, known: dict[str, str]) -> bool:
    """Say whether a finding is worth attention and was not there, or was weaker, before."""
    if finding.effect is Effect.NOTE:
        return False
    before = known.get(finding.key)
    return before is None or EFFECT_RANK[Effect(before)] < EFFECT_RANK[finding.effect]


def _take_in(change: Change, accepted: frozenset[str], standing: Standing) -> Health | None:
    """Write what follows from a change; return the health that the version came to, None when it is the same."""
    version = Version.objects.select_related("environment", "lock").get(pk=change.row["pk"])
    news = [one for one in change.new if one.key not in accepted]
    try:
        with transaction.atomic():
            if change.gone:
                record_version(EventName.FACTS_GONE, version, WATCHER, facts=list(change.gone)[:100])
            if news:
                return _alarm(version, news, standing)
            return _calm(version, change, accepted)
    except ConflictError:
        return None  # somebody changed the version just now; the next round looks again


def _alarm(version: Version, news: list[Finding], standing: Standing) -> Health | None:
    entry = HealthEntry.objects.filter(version=version, closed_at=None).first()
    known = entry.findings if entry else []
    facts = {one["key"]: one for one in [*known, *(one.to_dict() for one in news)]}
    HealthEntry.objects.update_or_create(
        version=version,
        closed_at=None,
        defaults={"findings": list(facts.values())},
        create_defaults={"findings": list(facts.values()), "opened_at": timezone.now()},
    )
    words = "; ".join(one.words for one in news[:3])
    malware = any(one.kind == Malware.kind for one in news) and standing.policy.quarantines
    if malware and version.health != Health.QUARANTINED:
        event, health = EventName.VERSION_QUARANTINED, Health.QUARANTINED
    elif version.health == Health.OK:
        event, health = EventName.VERSION_ATTENTION, Health.ATTENTION
    else:
        record_version(EventName.VERSION_ATTENTION, version, WATCHER, reason=words[:1000])
        return None
    set_health(version, health, event=event, actor=WATCHER, reason=words[:1000])
    return health


def _calm(version: Version, change: Change, accepted: frozenset[str]) -> Health | None:
    """Close the entry whose facts are all gone or waived. A quarantine is lifted by people only."""
    entry = HealthEntry.objects.filter(version=version, closed_at=None).first()
    here = {one.key for one in change.findings if one.effect is not Effect.NOTE} - accepted
    if entry is None or any(one["key"] in here for one in entry.findings):
        return None
    entry.closed_at, entry.why_closed = timezone.now(), "Its facts are gone or waived."
    entry.save(update_fields=["closed_at", "why_closed"])
    if version.health != Health.ATTENTION:
        return None
    set_health(version, Health.OK, event=EventName.VERSION_CLEARED, actor=WATCHER, reason=entry.why_closed)
    return Health.OK


def _verdict(change: Change, policy: int, feed: FeedFacts | None, now: datetime) -> Assessment:
    return Assessment(
        version_id=change.row["pk"],
        digest=change.row["lock__digest"],
        policy=policy,
        feed_id=feed.id if feed else None,
        day=now.date(),
        findings=[one.to_dict() for one in change.findings],
        blocking=sum(one.effect is Effect.BLOCK for one in change.findings),
        warnings=sum(one.effect is Effect.WARN for one in change.findings),
        at=now,
    )


def _keep(verdicts: list[Assessment]) -> None:
    Assessment.objects.bulk_create(
        verdicts,
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["version"],
        update_fields=["digest", "policy", "feed", "day", "findings", "blocking", "warnings", "at"],
    )


def waived(version: Version) -> None:
    """Look again at one version after a waiver: its entry may be closed by it."""
    if version.health != Health.ATTENTION:
        return
    known = Assessment.objects.filter(version=version).first()
    findings = tuple(Finding.from_dict(one) for one in known.findings) if known else ()
    accepted = live_keys(version.environment.workspace_id, timezone.now()).get(version.environment_id, frozenset())
    with transaction.atomic():
        _calm(version, Change(row={}, findings=findings, new=(), gone=()), accepted)
