"""Watching after approval: when feed, policy or day change, every published version is assessed again.

What is new turns a version's health to attention and opens an entry for reviewers; what is gone, or
waived, closes it. Malware stops new launches at once where the policy says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import RUNNING_GRACE, Health, Status
from assay.core.policy.findings import EFFECT_RANK, Effect, Finding, stops_at
from assay.core.policy.library_rules import Malware
from assay.core.policy.policy import Evaluator
from assay.core.policy.version_rules import NearDuplicate, Spread
from assay.flow.assess.assess import verdict
from assay.flow.assess.context import context_for
from assay.flow.assess.facts import store_facts
from assay.flow.assess.policy import CurrentPolicy, current_policy
from assay.store.health import OpenEntry, Turn, open_entries, take_turns
from assay.store.models import Assessment, Version, Workspace, WorkspaceAssessment
from assay.store.reads.advisories import FeedFacts, feed_facts
from assay.store.reads.facts import facts_of, in_parts, live_versions, rows_of
from assay.store.reads.waivers import lapsed_keys, live_keys

WATCHER = "assay"  # who the events name
COMPOSING = (NearDuplicate.kind, Spread.kind)  # what matters before publishing, and is settled by it
AT_ONCE = 200  # verdicts of one statement


@dataclass(frozen=True, kw_only=True)
class Change:
    """What another look at a version found: facts that are new, and facts that are gone."""

    row: dict[str, Any]
    findings: tuple[Finding, ...]
    new: tuple[Finding, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WatchResult:
    """One look at all published versions of a workspace: how many came to which health."""

    assessed: int
    attention: int
    cleared: int
    quarantined: int


def advance() -> bool:
    """Assess every workspace again whose policy, feed or day is another than at its last round."""
    feed, today = feed_facts(), timezone.now().date()
    done = False
    for workspace in Workspace.objects.all():
        current = current_policy(workspace.pk)
        last = WorkspaceAssessment.objects.filter(workspace=workspace).first()
        now = (current.revision, feed.id if feed else None, today)
        if last is None or (last.policy, last.feed, last.day) != now:
            assess_all(workspace.pk, current, feed)
            done = True
    return done


def assess_all(workspace_id: int, current: CurrentPolicy, feed: FeedFacts | None) -> WatchResult:
    """Assess every published version of a workspace and do what follows."""
    store_facts()
    now = timezone.now()
    waived, lapsed, entries = live_keys(workspace_id, now), lapsed_keys(workspace_id, now), open_entries(workspace_id)
    kept: list[Assessment] = []
    turns: list[Turn] = []
    for change in _changes(workspace_id, current, lapsed):
        kept.append(_verdict(change, current.revision, feed, now))
        accepted = waived.get(change.row["environment_id"], frozenset())
        turn = _health_change(change, accepted, entries.get(change.row["pk"]), quarantines=current.policy.quarantines)
        turns += [turn] if turn else []
    done = take_turns(workspace_id, turns, actor=WATCHER)
    _store_assessments(kept)
    for version in Version.objects.filter(environment__workspace_id=workspace_id, status=Status.PENDING):
        verdict(version)  # what waits for a decision is judged anew: reviewers see counts in their list
    WorkspaceAssessment.objects.update_or_create(
        workspace_id=workspace_id,
        defaults={"policy": current.revision, "feed": feed.id if feed else None, "day": now.date(), "at": now},
    )
    return WatchResult(
        assessed=len(kept),
        attention=sum(one.came_to is Health.ATTENTION for one in done),
        cleared=sum(one.came_to is Health.OK for one in done),
        quarantined=sum(one.came_to is Health.QUARANTINED for one in done),
    )


def _changes(workspace_id: int, current: CurrentPolicy, lapsed: dict[int, frozenset[str]]) -> Iterator[Change]:
    """Yield each published version with its findings now, and what differs from its verdict before.

    A fact whose waiver has run out is new again.
    """
    rows = live_versions(workspace_id)
    facts = facts_of(rows)
    evaluator = Evaluator(current.policy, context_for(workspace_id, current.policy))
    before = _known([row["pk"] for row in rows])
    for row in rows:
        findings = evaluator.findings(facts[row["pk"]])
        known = before.get(row["pk"], {})
        here, again = {one.key for one in findings}, lapsed.get(row["environment_id"], frozenset())
        yield Change(
            row=row,
            findings=tuple(findings),
            new=tuple(one for one in findings if one.key in again or _is_news(one, known)),
            gone=tuple(key for key, effect in known.items() if key not in here and effect != Effect.NOTE),
        )


def _known(versions: list[int]) -> dict[int, dict[str, str]]:
    """Return the effect of each fact in the last verdict on each version."""
    found: dict[int, dict[str, str]] = {}
    for part in in_parts(versions):
        for pk, findings in Assessment.objects.filter(pk__in=part).values_list("pk", "findings"):
            found[pk] = {one["key"]: one["effect"] for one in findings if one["kind"] not in COMPOSING}
    return found


def _is_news(finding: Finding, known: dict[str, str]) -> bool:
    """Say whether a finding is worth attention and was not there, or was weaker, before."""
    if finding.effect is Effect.NOTE:
        return False
    before = known.get(finding.key)
    return before is None or EFFECT_RANK[Effect(before)] < EFFECT_RANK[finding.effect]


def _health_change(
    change: Change, accepted: frozenset[str], entry: OpenEntry | None, *, quarantines: bool
) -> Turn | None:
    """Say what follows from a change: events, another health, an entry opened, grown or closed; or nothing."""
    known = entry.facts if entry else []
    told = {one["key"] for one in known}
    news = [one for one in change.new if one.key not in accepted and one.key not in told]
    events = [(EventName.FACTS_GONE, {"facts": list(change.gone)[:100]})] if change.gone else []
    if news:
        return _raise_attention(change, news, known, events, quarantines=quarantines)
    still = [one for one in change.findings if one.key in told - accepted and one.effect is not Effect.NOTE]
    if entry is not None and not still:
        return _clear_attention(change, events)
    due = stops_at(still, entry.since) if entry else None
    if due and due <= timezone.now() and change.row["health"] == Health.ATTENTION:
        ends = (timezone.now() + RUNNING_GRACE).isoformat()
        detail = {"reason": f"The deadline of its rule passed: {still[0].words}"[:1000], "ends": ends}
        stopped = (EventName.VERSION_QUARANTINED, detail)
        return _as_turn(change, [*events, stopped], came_to=Health.QUARANTINED)
    return _as_turn(change, events) if events else None


def _as_turn(
    change: Change,
    events: list[tuple[EventName, dict[str, Any]]],
    *,
    came_to: Health | None = None,
    entry: list[dict[str, Any]] | None = None,
) -> Turn:
    return Turn(
        version_id=change.row["pk"],
        environment=change.row["environment__slug"],
        number=change.row["number"],
        before=Health(change.row["health"]),
        came_to=came_to,
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
) -> Turn:
    facts = {one["key"]: one for one in [*known, *(one.to_dict() for one in news)]}
    before, came_to, event = Health(change.row["health"]), None, EventName.VERSION_ATTENTION
    if quarantines and before is not Health.QUARANTINED and any(one.kind == Malware.kind for one in news):
        came_to, event = Health.QUARANTINED, EventName.VERSION_QUARANTINED
    elif before is Health.OK:
        came_to = Health.ATTENTION
    detail: dict[str, Any] = {"reason": "; ".join(one.words for one in news[:3])[:1000]}
    detail["findings"] = [one.key for one in news[:100]]
    if came_to is Health.QUARANTINED:
        detail["ends"] = timezone.now().isoformat()  # malware goes on for no minute
    return _as_turn(change, [*events, (event, detail)], came_to=came_to, entry=list(facts.values()))


def _clear_attention(change: Change, events: list[tuple[EventName, dict[str, Any]]]) -> Turn:
    """Close the entry whose facts are all gone or waived. A quarantine is lifted by people only."""
    if change.row["health"] != Health.ATTENTION:
        return _as_turn(change, events, entry=[])
    told = (EventName.VERSION_CLEARED, {"reason": "All new findings are gone or waived."})
    return _as_turn(change, [*events, told], came_to=Health.OK, entry=[])


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
    Assessment.objects.bulk_create(
        verdicts,
        batch_size=AT_ONCE,
        update_conflicts=True,
        unique_fields=["version"],
        update_fields=["digest", "policy", "feed", "day", "findings", "blocking", "warnings", "at"],
    )


def reassess(version: Version) -> None:
    """Look again at one published version after a waiver: its entry may be closed by it."""
    workspace_id, known = version.environment.workspace_id, Assessment.objects.filter(version=version).first()
    entry = open_entries(workspace_id).get(version.pk)
    if known is None or entry is None:
        return
    findings = tuple(Finding.from_dict(one) for one in known.findings)
    accepted = live_keys(workspace_id, timezone.now()).get(version.environment_id, frozenset())
    (row,) = rows_of(Version.objects.filter(pk=version.pk))
    turn = _health_change(Change(row=row, findings=findings, new=(), gone=()), accepted, entry, quarantines=False)
    take_turns(workspace_id, [turn] if turn else [], actor=WATCHER)
