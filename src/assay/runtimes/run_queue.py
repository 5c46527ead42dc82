"""The queue of runs: the worker claims runs fairly, starts each once, follows it and records its end."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from assay.core.errors import AssayError
from assay.core.events import EventName
from assay.core.fair_queue import next_in_queue
from assay.flow.access import actor_in
from assay.flow.launch.launch import authorize_launch, record_launch
from assay.flow.paths import run_directory
from assay.flow.watch.quarantine import stop_reason
from assay.launchers.interface import Handle, Status
from assay.launchers.local import LocalLauncher
from assay.launchers.ports import free_port
from assay.runtimes.checkout import checkout_directory, checkout_error, checkout_process, fetched_commit
from assay.runtimes.run_process import process_of, write_files
from assay.runtimes.runs import end_run, launch_kind, record_run
from assay.store.models import Launch, Run
from assay.store.statements import Parameter, Statement

MAX_PARALLEL = os.cpu_count() or 2
SUPERVISOR_SECONDS = 5.0  # in which a supervisor that a killed worker started must appear


def _runs() -> QuerySet[Run]:
    """Return runs with the relations that polling needs; their files are read only at the start."""
    return Run.objects.select_related(
        "runtime__workspace", "runtime__owner", "person", "version__environment__workspace"
    ).defer("source", "runtime__source")


RUNNING = Statement(lambda: _runs().filter(state="running"))
QUEUED = Statement(
    lambda: Run.objects.filter(state="queued").order_by("created_at").values_list("pk", "person_id", "runtime__kind")
)
BUSY = Statement(
    lambda: Run.objects.filter(state="running").exclude(runtime__kind="app").values_list("person_id", flat=True)
)  # the person of each running script and notebook
CLAIMED = Statement(lambda: _runs().defer(None).filter(pk=Parameter("run")))  # with its files, which the start writes


def advance() -> bool:
    """Advance every open run by one step. Returns whether there is any."""
    running = RUNNING.rows()
    for run in running:
        _cancel_if_quarantined(run)
        _poll(run)
    found = QUEUED.rows()
    for pk, _, kind in found:
        if kind == "app":  # their number per person is limited when they start
            _claim(pk)
    waiting = [(pk, person) for pk, person, kind in found if kind != "app"]
    if waiting:
        people = BUSY.rows()
        free = MAX_PARALLEL - len(people)
        if free > 0:
            served = _last_started(waiting) if len(waiting) > free else {}  # else all of them start now
            for pk in next_in_queue(waiting, running=Counter(people), served=served, free=free):
                _claim(pk)
    return bool(running or waiting)


def _cancel_if_quarantined(run: Run) -> None:
    """Request the end of a run whose version was quarantined while it ran."""
    reason = "" if run.cancel_requested else stop_reason(run.version)
    if reason:
        Run.objects.filter(pk=run.pk).update(cancel_requested=True, message=reason)
        run.cancel_requested, run.message = True, reason


def _last_started(waiting: list[tuple[UUID, int]]) -> dict[int, float]:
    """Map each person with waiting runs to the time when their last run started."""
    people = {person for _, person in waiting}
    started = Run.objects.filter(person__in=people, started_at__isnull=False)
    found = started.values_list("person").annotate(last=Max("started_at")).values_list("person", "last")
    return {person: last.timestamp() for person, last in found}


def _claim(pk: UUID) -> None:
    if Run.objects.filter(pk=pk, state="queued").update(state="running", started_at=timezone.now()):
        found = CLAIMED.first(run=pk)
        if found is not None:  # else it was removed in between, with its project
            _launch(found)


def _launch(run: Run) -> None:
    """Start the process of a run; check out its files first."""
    if run.source["kind"] == "git" and not fetched_commit(run):
        _check_out(run, LocalLauncher())
        return
    handle = _start(run, run_directory(run.pk), LocalLauncher())
    if handle is not None:
        _record_start(run, handle)


def _resume(run: Run) -> None:
    """Go on with a run that a killed worker has claimed: find its process, or start it unless it may have run."""
    directory = run_directory(run.pk)
    handle = LocalLauncher().find(str(directory))
    if handle is not None:
        _record_start(run, handle)
    elif (directory / "start.json").exists() or _launched(run):
        _mark_lost(run, directory)
    else:
        _launch(run)


def _launched(run: Run) -> bool:
    """Return whether its launch is recorded: that is on disk before it starts, where its files need not be yet."""
    launches = Launch.objects.filter(person_id=run.person_id, started_at__gte=run.started_at)
    return launches.filter(target_id=str(run.pk)).exists()


def _record_start(run: Run, handle: Handle) -> None:
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(handle=asdict(handle))
        record_run(EventName.RUN_STARTED, run, "assay", digest=run.digest)


def _check_out(run: Run, launcher: LocalLauncher) -> None:
    """Start checking out the files of a run; repeating it is safe."""
    handle = launcher.find(str(checkout_directory(run)))
    if handle is None:
        try:
            handle = launcher.start(checkout_process(run))
        except AssayError as error:
            end_run(run, "failed", message=f"{error.detail} {error.hint}")
            return
    Run.objects.filter(pk=run.pk).update(handle=asdict(handle))


def _after_checkout(run: Run, status: Status) -> None:
    """Start a run after its checkout, or record why the checkout failed."""
    commit = fetched_commit(run)
    if run.cancel_requested:
        end_run(run, "cancelled")
    elif status.exit_code == 0 and commit:
        Run.objects.filter(pk=run.pk).update(commit=commit, handle=None)
        run.handle, run.commit = None, commit
        _launch(run)
    else:
        end_run(run, "lost" if status.state == "lost" else "failed", message=checkout_error(run))


def _start(run: Run, directory: Path, launcher: LocalLauncher) -> Handle | None:
    """Start the process, unless the version may no longer start or a secret was removed."""
    try:
        actor = actor_in(run.person, run.runtime.workspace.slug)
        if run.runtime.owner_id != run.person_id:
            actor_in(run.runtime.owner, run.runtime.workspace.slug)  # the run uses the owner's files and secrets
        permission = authorize_launch(actor, run.version.reference)
        run.version = permission.version  # the same one, with its lock
        write_files(run, directory)
        if run.runtime.kind == "app":
            run.port = free_port()
            Run.objects.filter(pk=run.pk).update(port=run.port)
        start = process_of(run, directory, permission.prefix)
    except AssayError as error:
        end_run(run, "failed", message=f"{error.detail} {error.hint}")
        return None
    record_launch(permission, actor, kind=launch_kind(run), target_id=str(run.pk), runtime=run.runtime)
    return launcher.start(start)


def _mark_lost(run: Run, directory: Path) -> None:
    """Mark a run as lost whose worker was killed while starting it; it may have run, so it is not repeated."""
    asked = directory / "start.json"
    if asked.exists() and time.time() - asked.stat().st_mtime < SUPERVISOR_SECONDS:
        return  # its supervisor may still appear
    LocalLauncher().kill_leftovers(str(directory))
    end_run(run, "lost", message="The worker was stopped while this run was being started. It was not repeated.")


def _poll(run: Run) -> None:
    if run.handle is None:  # the worker was killed between claiming and starting
        _resume(run)
        return
    launcher, handle = LocalLauncher(), Handle(**run.handle)
    if run.cancel_requested:
        launcher.terminate(handle)
    status = launcher.status(handle)
    if status.state == "running":
        return
    if handle.workdir == str(checkout_directory(run)):
        _after_checkout(run, status)
        return
    end_run(
        run,
        _state(status, cancelled=run.cancel_requested),
        exit_code=status.exit_code,
        seconds=status.seconds,
        peak_memory=status.peak_memory,
        message=_message(status, run) or run.message,
    )


def _state(status: Status, *, cancelled: bool) -> str:
    ended_from_outside = status.state == "lost" or status.reason == "stopped"
    if ended_from_outside:  # by a cancellation, or with its machine
        return "cancelled" if cancelled else "lost"
    if status.reason == "timeout":
        return "timeout"
    return "succeeded" if status.exit_code == 0 and not status.reason else "failed"


def _message(status: Status, run: Run) -> str:
    if run.cancel_requested:
        return ""
    if status.state == "lost" or status.reason == "stopped":
        return "The process ended with its machine or its supervisor. The run was not repeated."
    if status.reason == "timeout":
        return f"The run exceeded its time limit of {run.limits['seconds']:g} seconds."
    if status.reason == "memory":
        return f"The run exceeded its memory limit of {run.limits['memory'] / 2**20:.0f} MiB."
    return _signal_message(status.exit_code or 0)


def _signal_message(code: int) -> str:
    """Return which signal ended a process: exit code -n as in Python, 128 + n as from shells and the sandbox."""
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name if code < 0 or code > 128 else ""  # noqa: PLR2004 - explained above
    except ValueError:
        return ""
    hint = " The system kills processes this way when memory runs out." if name == "SIGKILL" else ""
    return f"The process was ended by {name}.{hint}" if name else ""
