"""Monitoring after approval: reassess every published version when the feed, the policy or the date changes.

A new finding sets a version's health to "attention" and opens an entry for reviewers; the entry is closed when
its findings are gone or waived. Malware quarantines the version at once if the policy is set so.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import RUNNING_GRACE, Health, Status
from assay.core.policy.findings import EFFECT_RANK, Effect, Finding, stops_at
from assay.core.policy.library_rules import Malware
from assay.core.policy.policy import KINDS, Evaluator
from assay.flow.assess.assess import assess
from assay.flow.assess.context import context_for
from assay.flow.assess.facts import store_facts
from assay.flow.assess.policy import CurrentPolicy, current_policy
from assay.store.health import HealthChange, OpenEntry, apply_health_changes, open_entries
from assay.store.models import Assessment, Version, Workspace, WorkspaceAssessment
from assay.store.reads.advisories import FeedFacts, feed_facts
from assay.store.reads.facts import LIVE, facts_of, in_parts, live_versions, rows_of
from assay.store.reads.waivers import expired_keys, live_keys

WATCHER = "assay"  # the actor in the events
SETTLED = {rule.kind for rule in KINDS if rule.settled}  # rules that matter only before publication
BATCH_SIZE = 200  # rows per SQL statement
SUBMISSIONS_SECONDS = 0.25  # of a step that assesses submissions


@dataclass(frozen=True, kw_only=True)
class Change:
    """The result of reassessing a version: its findings, the new ones, and the keys of those that are gone."""

    row: dict[str, Any]
    findings: tuple[Finding, ...]
    new: tuple[Finding, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WatchResult:
    """The result of reassessing a workspace: how many versions were assessed and changed to which health."""

    assessed: int
    attention: int
    cleared: int
    quarantined: int


def advance() -> bool:
    """Reassess each workspace whose policy, feed or date changed since the last time. Return whether any was."""
    due = due_workspaces()
    for workspace_id in due:
        assess_all(workspace_id, current_policy(workspace_id), feed_facts())
    return bool(due)


def due_workspaces() -> list[int]:
    """Return the workspaces whose policy, feed or date changed since they were assessed."""
    feed, today = feed_facts(), timezone.now().date()
    known = WorkspaceAssessment.objects.values_list("workspace_id", "policy", "feed", "day")
    last = {workspace_id: values for workspace_id, *values in known}
    return [
        workspace_id
        for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True)
        if last.get(workspace_id) != [current_policy(workspace_id).revision, feed.id if feed else None, today]
    ]


def has_more_live_versions(workspaces: list[int], most: int) -> bool:
    """Return whether workspaces have more versions to assess than `most`."""
    rows = Version.objects.filter(environment__workspace__in=workspaces, status__in=LIVE, lock__isnull=False)
    return rows[most : most + 1].exists()


def assess_submissions() -> bool:
    """Assess submissions without a verdict of today, for the counts in the review queue. Return whether any are left.

    A step ends after `SUBMISSIONS_SECONDS`: builds wait meanwhile.
    """
    feed, today, end = feed_facts(), timezone.now().date(), time.monotonic() + SUBMISSIONS_SECONDS
    pending = Version.objects.filter(status=Status.PENDING, lock__isnull=False).select_related("environment", "lock")
    for workspace_id in pending.order_by().values_list("environment__workspace_id", flat=True).distinct():
        current = Assessment.objects.filter(
            policy=current_policy(workspace_id).revision, feed=feed.id if feed else None, day=today
        )
        due = pending.filter(environment__workspace_id=workspace_id).exclude(pk__in=current.values("pk"))
        for version in due.order_by("pk")[:BATCH_SIZE]:
            if time.monotonic() > end:
                return True
            assess(version)
    return False


def assess_all(workspace_id: int, current: CurrentPolicy, feed: FeedFacts | None) -> WatchResult:
    """Assess every published version of a workspace, and store the verdicts and changes of health."""
    store_facts()
    now = timezone.now()
    # Whoever removes the row meanwhile asks for another reassessment (`projects`): it is not made again at the end.
    begun = {"policy": current.revision, "feed": feed.id if feed else None, "day": date.min, "at": now}
    WorkspaceAssessment.objects.get_or_create(workspace_id=workspace_id, defaults=begun)
    waived, expired, entries = (
        live_keys(workspace_id, now),
        expired_keys(workspace_id, now),
        open_entries(workspace_id),
    )
    kept: list[Assessment] = []
    health_changes: list[HealthChange] = []
    with _collection_paused():
        for change in _changes(workspace_id, current, expired):
            kept.append(_verdict(change, current.revision, feed, now))
            accepted = waived.get(change.row["environment_id"], frozenset())
            health_change = _health_change(
                change, accepted, entries.get(change.row["pk"]), quarantines=current.policy.quarantines
            )
            health_changes += [health_change] if health_change else []
    done = apply_health_changes(workspace_id, health_changes, actor=WATCHER)
    _store_assessments(kept)
    WorkspaceAssessment.objects.filter(workspace_id=workspace_id).update(**begun | {"day": now.date()})
    return WatchResult(
        assessed=len(kept),
        attention=sum(one.new_health is Health.ATTENTION for one in done),
        cleared=sum(one.new_health is Health.OK for one in done),
        quarantined=sum(one.new_health is Health.QUARANTINED for one in done),
    )


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the search for cycles: it would look at millions of loaded facts again and again, which have none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _changes(workspace_id: int, current: CurrentPolicy, expired: dict[int, frozenset[str]]) -> Iterator[Change]:
    """Yield each published version with its current findings and the difference from its last verdict.

    A fact whose waiver has expired counts as new.
    """
    rows = live_versions(workspace_id)
    facts = facts_of(rows)
    names = set[str]().union(*(one.names for one in facts.values()))
    evaluator = Evaluator(current.policy, context_for(workspace_id, current.policy, names))
    before = _known([row["pk"] for row in rows])
    for row in rows:
        findings = evaluator.findings(facts[row["pk"]])
        known = before.get(row["pk"], {})
        here, again = {one.key for one in findings}, expired.get(row["environment_id"], frozenset())
        yield Change(
            row=row,
            findings=tuple(findings),
            new=tuple(one for one in findings if one.key in again or _is_news(one, known)),
            gone=tuple(key for key, effect in known.items() if key not in here and effect != Effect.NOTE),
        )


def _known(versions: list[int]) -> dict[int, dict[str, str]]:
    """Return the effect of each fact in the last verdict, as {version id: {fact key: effect}}."""
    found: dict[int, dict[str, str]] = {}
    for part in in_parts(versions):
        for pk, findings in Assessment.objects.filter(pk__in=part).values_list("pk", "findings"):
            found[pk] = {one["key"]: one["effect"] for one in findings if one["kind"] not in SETTLED}
    return found


def _is_news(finding: Finding, known: dict[str, str]) -> bool:
    """Return whether a finding blocks or warns, and is new or stronger than before."""
    if finding.effect is Effect.NOTE or finding.kind in SETTLED:
        return False
    before = known.get(finding.key)
    return before is None or EFFECT_RANK[Effect(before)] < EFFECT_RANK[finding.effect]


def _health_change(
    change: Change, accepted: frozenset[str], entry: OpenEntry | None, *, quarantines: bool
) -> HealthChange | None:
    """Return what a change causes (events, a new health, an opened, extended or closed entry), or None."""
    known = entry.facts if entry else []
    reported = {one["key"] for one in known}
    news = [one for one in change.new if one.key not in accepted and one.key not in reported]
    events = [(EventName.FACTS_GONE, {"facts": list(change.gone)[:100]})] if change.gone else []
    if news:
        return _raise_attention(change, news, known, events, quarantines=quarantines)
    still = [one for one in change.findings if one.key in reported - accepted and one.effect is not Effect.NOTE]
    if entry is not None and not still:
        return _clear_attention(change, events)
    due = stops_at(still, entry.since) if entry else None
    if due and due <= timezone.now() and change.row["health"] == Health.ATTENTION:
        ends = (timezone.now() + RUNNING_GRACE).isoformat()
        detail = {"reason": f"The deadline of its rule passed: {still[0].words}"[:1000], "ends": ends}
        stopped = (EventName.VERSION_QUARANTINED, detail)
        return _as_health_change(change, [*events, stopped], new_health=Health.QUARANTINED)
    return _as_health_change(change, events) if events else None


def _as_health_change(
    change: Change,
    events: list[tuple[EventName, dict[str, Any]]],
    *,
    new_health: Health | None = None,
    entry: list[dict[str, Any]] | None = None,
) -> HealthChange:
    return HealthChange(
        version_id=change.row["pk"],
        environment=change.row["environment__slug"],
        number=change.row["number"],
        before=Health(change.row["health"]),
        new_health=new_health,
        events=tuple(events),
        entry=entry,
    )


def _raise_attention(
    change: Change,
    news: list[Finding],
    known: list[dict[str, Any]],
    events: list[tuple[EventName, dict[str, Any]]],
    *,
    quarantines: bool,
) -> HealthChange:
    facts = {one["key"]: one for one in [*known, *(one.to_dict() for one in news)]}
    before, new_health, event = Health(change.row["health"]), None, EventName.VERSION_ATTENTION
    if quarantines and before is not Health.QUARANTINED and any(one.kind == Malware.kind for one in news):
        new_health, event = Health.QUARANTINED, EventName.VERSION_QUARANTINED
    elif before is Health.OK:
        new_health = Health.ATTENTION
    detail: dict[str, Any] = {"reason": "; ".join(one.words for one in news[:3])[:1000]}
    detail["findings"] = [one.key for one in news[:100]]
    if new_health is Health.QUARANTINED:
        detail["ends"] = timezone.now().isoformat()  # malware: running servers and runs stop at once
    return _as_health_change(change, [*events, (event, detail)], new_health=new_health, entry=list(facts.values()))


def _clear_attention(change: Change, events: list[tuple[EventName, dict[str, Any]]]) -> HealthChange:
    """Close an entry whose facts are all gone or waived. Only an administrator lifts a quarantine."""
    if change.row["health"] != Health.ATTENTION:
        return _as_health_change(change, events, entry=[])
    cleared = (EventName.VERSION_CLEARED, {"reason": "All new findings are gone or waived."})
    return _as_health_change(change, [*events, cleared], new_health=Health.OK, entry=[])


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


def _store_assessments(verdicts: list[Assessment]) -> None:
    """Store verdicts in batches with a transaction each, so that other writers can run in between."""
    for start in range(0, len(verdicts), BATCH_SIZE):
        Assessment.objects.bulk_create(
            verdicts[start : start + BATCH_SIZE],
            update_conflicts=True,
            unique_fields=["version"],
            update_fields=["digest", "policy", "feed", "day", "findings", "blocking", "warnings", "at"],
        )


def reassess(version: Version) -> None:
    """Update one published version after a waiver, which may close its entry."""
    workspace_id, known = version.environment.workspace_id, Assessment.objects.filter(version=version).first()
    entry = open_entries(workspace_id).get(version.pk)
    if known is None or entry is None:
        return
    findings = tuple(Finding.from_dict(one) for one in known.findings)
    accepted = live_keys(workspace_id, timezone.now()).get(version.environment_id, frozenset())
    (row,) = rows_of(Version.objects.filter(pk=version.pk))
    health_change = _health_change(
        Change(row=row, findings=findings, new=(), gone=()), accepted, entry, quarantines=False
    )
    apply_health_changes(workspace_id, [health_change] if health_change else [], actor=WATCHER)
