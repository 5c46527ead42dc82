"""Totals of use: the days of a workspace, its people, and the environments of each owner and team group."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assay.core.usage import PERIODS, day_of
from assay.flow.usage.counting import lock_counting
from assay.store.models import DailyPeople, GroupUsage, UsageSummary, WorkspaceDay, WorkspaceUsage
from assay.store.reads.disk_usage import bytes_in_workspace
from assay.store.reads.facts import in_parts
from assay.store.reads.workspace_use import (
    Owned,
    groups_of_owners,
    owned,
    people_by_owner,
    people_by_period,
    people_on,
    use_on,
)

DAYS = 20  # days that one step computes
VALUES = ("people", *(one.name for one in fields(Owned)))  # of an owner or a team group
TOTALS_EVERY = timedelta(minutes=1)  # they read the use of every person
PAUSE = 50  # times as long as the last computation took
NO_TIME = timedelta()
_took: dict[int, timedelta] = {}  # by workspace


def refresh_days() -> int:
    """Compute the sums of some stale days of workspaces, newest first; return how many."""
    with transaction.atomic():
        lock_counting()
        stale = list(WorkspaceDay.objects.filter(stale=True).order_by("-day")[:DAYS])
        for one in stale:
            _compute_day(one)
    return len(stale)


def _compute_day(one: WorkspaceDay) -> None:
    everybody, by_environment = people_on(one.workspace_id, one.day)
    launches, runs, seconds = use_on(one.workspace_id, one.day)
    before = dict(
        DailyPeople.objects.filter(workspace=one.workspace_id, day=one.day).values_list("environment_id", "people")
    )
    gone = before.keys() - by_environment.keys()
    DailyPeople.objects.filter(environment__in=gone, day=one.day).delete()
    DailyPeople.objects.bulk_create(
        [
            DailyPeople(workspace_id=one.workspace_id, environment_id=pk, day=one.day, people=people)
            for pk, people in by_environment.items()
            if before.get(pk) != people
        ],
        update_conflicts=True,
        unique_fields=["environment", "day"],
        update_fields=["people"],
        batch_size=500,
    )
    WorkspaceDay.objects.filter(pk=one.pk).update(
        people=everybody, launches=launches, runs=runs, seconds=seconds, stale=False
    )


def refresh_totals(now: datetime) -> int:
    """Compute the totals of workspaces whose summaries are newer; return of how many.

    Each at most once a minute, and where that takes long, in a fiftieth of the time.
    """
    newest = dict(UsageSummary.objects.values_list("workspace").annotate(newest=Max("computed_at")))
    known = dict(WorkspaceUsage.objects.values_list("workspace").annotate(computed=Max("computed_at")))
    due = [
        pk
        for pk, computed in newest.items()
        if known.get(pk) is None or known[pk] < min(computed, now - max(TOTALS_EVERY, PAUSE * _took.get(pk, NO_TIME)))
    ]
    for workspace in due:
        began = time.monotonic()
        _compute_totals(workspace, now)
        _took[workspace] = timedelta(seconds=time.monotonic() - began)
    return len(due)


def _compute_totals(workspace: int, now: datetime) -> None:
    today, computed = day_of(now), timezone.now()
    size, people = bytes_in_workspace(workspace), people_by_period(workspace, today)
    groups = _groups(workspace, now)
    with transaction.atomic():
        WorkspaceUsage.objects.bulk_create(
            [
                WorkspaceUsage(
                    workspace_id=workspace, days=days, people=people[days], size=size, computed_at=computed
                )
                for days in PERIODS
            ],
            update_conflicts=True,
            unique_fields=["workspace", "days"],
            update_fields=["people", "size", "computed_at"],
        )
        _store_groups(workspace, groups)


def _store_groups(workspace: int, groups: list[GroupUsage]) -> None:
    """Store the rows that differ, and remove those that are gone: others wait while we write."""
    known = {_of(one): one for one in GroupUsage.objects.filter(workspace=workspace)}
    gone = known.keys() - {_of(one) for one in groups}
    for part in in_parts([known[one].pk for one in gone]):
        GroupUsage.objects.filter(pk__in=part).delete()
    GroupUsage.objects.bulk_create(
        [one for one in groups if not (stored := known.get(_of(one))) or _values(one) != _values(stored)],
        update_conflicts=True,
        unique_fields=["workspace", "days", "by", "name"],
        update_fields=[*VALUES, "computed_at"],
        batch_size=500,
    )


def _of(one: GroupUsage) -> tuple[str, str, int]:
    return one.by, one.name, one.days


def _values(one: GroupUsage) -> tuple[Any, ...]:
    return tuple(getattr(one, name) for name in VALUES)


def _groups(workspace: int, now: datetime) -> list[GroupUsage]:
    """Return the rows of owners and team groups. An owner in several groups counts for each of them."""
    today, found = day_of(now), []
    groups = groups_of_owners(workspace)
    people = people_by_owner(workspace, today)
    for days in PERIODS:
        totals: dict[tuple[str, str], Owned] = defaultdict(Owned)
        users: dict[tuple[str, str], set[int]] = defaultdict(set)
        for owner, one in owned(workspace, days).items():
            for key in (("owner", owner), *(("group", name) for name in groups.get(owner, ("",)))):
                totals[key] = totals[key].plus(one)
                users[key] |= people.get((owner, days), frozenset())
        found += [
            GroupUsage(
                workspace_id=workspace,
                by=by,
                name=name,
                days=days,
                people=len(users[by, name]),
                computed_at=now,
                **vars(one),
            )
            for (by, name), one in totals.items()
        ]
    return found
