"""Schedules: queueing runs of projects at set times.

After a downtime of the worker, one run replaces all missed times. A time is skipped while the previous scheduled
run is still open, and the project shows a message.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from assay.core.errors import AssayError, InvalidInputError
from assay.core.events import EventName
from assay.core.roles import Right, check_right
from assay.flow.access import actor_in
from assay.flow.launch.launch import LaunchPermission
from assay.runtimes.cron import next_time, zone_of
from assay.runtimes.projects import authorize_runtime
from assay.runtimes.runs import OPEN, make_run, record_run
from assay.store.audit_log import record
from assay.store.models import Run, Runtime

log = logging.getLogger("assay.schedules")


def advance() -> bool:
    """Queue the runs that are due. Returns whether there were any."""
    now = timezone.now()
    due = list(Runtime.objects.select_related("workspace", "owner").filter(next_at__lte=now).order_by("next_at"))
    for runtime in due:
        _run_due(runtime, now)
    return bool(due)


def next_run_time() -> datetime | None:
    """Return when the next run is due, None without a schedule."""
    found: datetime | None = Runtime.objects.aggregate(first=Min("next_at"))["first"]
    return found


def _run_due(runtime: Runtime, now: datetime) -> None:
    """Set the next time and queue the run in one transaction, so that a crash loses or repeats no run."""
    due = runtime.next_at
    if due is None:
        return
    try:
        following = next_time(runtime.schedule, runtime.timezone, now)
    except InvalidInputError as error:
        log.warning("The schedule of %s has ended: %s", runtime.slug, error.detail)
        following = None
    with transaction.atomic():
        if Runtime.objects.filter(pk=runtime.pk, next_at=due).update(next_at=following):
            message = _queue(runtime, due)
            Runtime.objects.filter(pk=runtime.pk).update(message=message)


def _queue(runtime: Runtime, due: datetime) -> str:
    """Queue the run of one time; return '' or why it was skipped."""
    when = due.astimezone(zone_of(runtime.timezone)).strftime("%d %b %Y %H:%M")
    if Run.objects.filter(runtime=runtime, scheduled_for__isnull=False, state__in=OPEN).exists():
        return _record_skipped(runtime, f"The run of {when} was skipped: the previous run was still open.")
    try:
        permission = _authorize(runtime)
    except AssayError as error:
        return _record_skipped(runtime, f"The run of {when} could not start: {error.detail} {error.hint}")
    run = make_run(
        runtime,
        runtime.owner_id,
        permission,
        arguments=tuple(runtime.arguments),
        parameters=runtime.parameters,
        scheduled_for=due,
    )
    record_run(EventName.RUN_REQUESTED, run, "schedule", due=due.isoformat())
    return ""


def _authorize(runtime: Runtime) -> LaunchPermission:
    actor = actor_in(runtime.owner, runtime.workspace.slug)
    check_right(actor, Right.COMPOSE)
    return authorize_runtime(actor, runtime.environment)


def _record_skipped(runtime: Runtime, message: str) -> str:
    record(
        EventName.RUN_LEFT_OUT,
        workspace_id=runtime.workspace_id,
        actor="schedule",
        detail={"runtime": runtime.slug, "reason": message},
    )
    return message
