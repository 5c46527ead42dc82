"""Health after approval: write the health, the review entries and the events of many versions at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from assay.core.events import EventName
from assay.core.lifecycle import Health
from assay.store.audit_log import Entry, record_many
from assay.store.models import Environment, HealthIssue, Version
from assay.store.sort_columns import write_shown

BATCH_SIZE = 400  # versions per transaction; other writers can run in between


@dataclass(frozen=True, kw_only=True)
class HealthChange:
    """The changes of one version. `new_health` None leaves its health unchanged.

    `entry` are the new facts of its open entry: an empty list closes it, None leaves it unchanged.
    """

    version_id: int
    environment: str
    number: int
    before: Health
    new_health: Health | None
    events: tuple[tuple[EventName, dict[str, Any]], ...]
    entry: list[dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class OpenEntry:
    """The new facts of a version that are not settled, and the time since when."""

    since: datetime
    facts: list[dict[str, Any]]


def open_entries(workspace_id: int) -> dict[int, OpenEntry]:
    """Return the open entries of a workspace by version id."""
    rows = HealthIssue.objects.filter(closed_at=None, version__environment__workspace_id=workspace_id)
    found = rows.values_list("version_id", "opened_at", "findings")
    return {version: OpenEntry(since=since, facts=facts) for version, since, facts in found}


def apply_health_changes(workspace_id: int, health_changes: list[HealthChange], *, actor: str) -> list[HealthChange]:
    """Write the changes and return those written; a version whose health changed meanwhile is skipped."""
    done: list[HealthChange] = []
    for start in range(0, len(health_changes), BATCH_SIZE):
        with transaction.atomic():
            part = _lock_unchanged(health_changes[start : start + BATCH_SIZE])
            _write_health(part)
            _write_entries(part)
            entries = [
                Entry(name=name, environment=one.environment, number=one.number, detail=detail)
                for one in part
                for name, detail in one.events
            ]
            if entries:
                record_many(entries, workspace_id=workspace_id, actor=actor)
            done += part
    return done


def _lock_unchanged(health_changes: list[HealthChange]) -> list[HealthChange]:
    locked = Version.objects.select_for_update().filter(pk__in=[one.version_id for one in health_changes])
    now = dict(locked.order_by("pk").values_list("pk", "health"))
    return [one for one in health_changes if now.get(one.version_id) == one.before]


def _write_health(health_changes: list[HealthChange]) -> None:
    for health in Health:
        pks = [one.version_id for one in health_changes if one.new_health is health]
        if pks:
            Version.objects.filter(pk__in=pks).update(
                health=health, revision=F("revision") + 1, updated_at=timezone.now()
            )
            write_shown(Environment.objects.filter(versions__in=pks))


def _write_entries(health_changes: list[HealthChange]) -> None:
    """Open, extend and close entries; at most one per version is open."""
    now = timezone.now()
    wanted = {one.version_id: one.entry for one in health_changes if one.entry is not None}
    known = list(HealthIssue.objects.filter(closed_at=None, version_id__in=wanted))
    for one in known:
        facts = wanted.pop(one.version_id)
        if facts:
            one.findings = facts
        else:
            one.closed_at, one.close_reason = now, "What was new is gone or waived."
    HealthIssue.objects.bulk_update(known, ["findings", "closed_at", "close_reason"], batch_size=100)
    HealthIssue.objects.bulk_create(
        HealthIssue(version_id=version, findings=facts, opened_at=now) for version, facts in wanted.items() if facts
    )
