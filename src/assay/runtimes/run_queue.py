"""The queue of runs: the worker claims them fairly, starts each once, follows it and takes in its end."""

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
from assay.flow.watch.quarantine import why_over
from assay.launchers.interface import Handle, Status
from assay.launchers.local import LocalLauncher, reap
from assay.runtimes.checkout import fetched, folder_of, start_of_fetch, why_not
from assay.runtimes.run_process import free_port, lay_out, start_of
from assay.runtimes.runs import end_run, record_run, use_of
from assay.store.models import Run

AT_ONCE = os.cpu_count() or 2
PATIENCE = 5.0  # seconds in which a supervisor that was started by a killed worker must have shown itself


def advance() -> bool:
    """Bring every open run one step forward. Returns whether there was anything open."""
    reap()
    running = list(_runs().filter(state="running"))
    for run in running:
        _end_if_over(run)
        _follow(run)
    queued = Run.objects.filter(state="queued").order_by("created_at").values_list("pk", "person_id")
    for pk, _ in queued.filter(runtime__kind="app"):  # bounded per person when they are asked for
        _claim(pk)
    waiting = list(queued.exclude(runtime__kind="app"))
    if waiting:
        busy = Run.objects.filter(state="running").exclude(runtime__kind="app")
        people = list(busy.values_list("person_id", flat=True))
        free = AT_ONCE - len(people)
        if free > 0:
            for pk in next_in_queue(waiting, running=Counter(people), served=_served(waiting), free=free):
                _claim(pk)
    return bool(running or waiting)


def _end_if_over(run: Run) -> None:
    """Ask for the end of a run whose version was quarantined in the meantime and may not go on."""
    reason = "" if run.cancel_requested else why_over(run.version)
    if reason:
        Run.objects.filter(pk=run.pk).update(cancel_requested=True, message=reason)
        run.cancel_requested, run.message = True, reason


def _runs() -> QuerySet[Run]:
    """Return runs with what following them asks for; their files are read once, when they start."""
    return Run.objects.select_related("runtime__workspace", "runtime__owner", "person", "version__environment").defer(
        "source", "runtime__source"
    )


def _served(waiting: list[tuple[UUID, int]]) -> dict[int, float]:
    """Return when each of those who wait had a run started last."""
    people = {person for _, person in waiting}
    started = Run.objects.filter(person__in=people, started_at__isnull=False)
    found = started.values_list("person").annotate(last=Max("started_at")).values_list("person", "last")
    return {person: last.timestamp() for person, last in found}


def _claim(pk: UUID) -> None:
    if Run.objects.filter(pk=pk, state="queued").update(state="running", started_at=timezone.now()):
        _launch(_runs().get(pk=pk))


def _launch(run: Run) -> None:
    """Start the process of a run, or find the one that a killed worker started; first the one that gets files."""
    directory, launcher = run_directory(run.pk), LocalLauncher()
    if run.source["kind"] == "git" and not fetched(run):
        _fetch(run, launcher)
        return
    handle = launcher.find(str(directory))
    if handle is None:
        if (directory / "start.json").exists():
            _give_up(run, directory)
            return
        handle = _start(run, directory, launcher)
    if handle is None:
        return
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(handle=asdict(handle))
        record_run(EventName.RUN_STARTED, run, "assay", digest=run.digest)


def _fetch(run: Run, launcher: LocalLauncher) -> None:
    """Get the files of a run from its repository; doing so again does no harm."""
    handle = launcher.find(str(folder_of(run)))
    if handle is None:
        try:
            handle = launcher.start(start_of_fetch(run))
        except AssayError as error:
            end_run(run, "failed", message=f"{error.detail} {error.hint}")
            return
    Run.objects.filter(pk=run.pk).update(handle=asdict(handle))


def _go_on(run: Run, status: Status) -> None:
    """Start what was waiting for its files, or say why there are none."""
    commit = fetched(run)
    if run.cancel_requested:
        end_run(run, "cancelled")
    elif status.exit_code == 0 and commit:
        Run.objects.filter(pk=run.pk).update(commit=commit, handle=None)
        run.handle, run.commit = None, commit
        _launch(run)
    else:
        end_run(run, "lost" if status.state == "lost" else "failed", message=why_not(run))


def _start(run: Run, directory: Path, launcher: LocalLauncher) -> Handle | None:
    """Start the process, unless the version may not be started any more or a secret was removed."""
    try:
        actor = actor_in(run.person, run.runtime.workspace.slug)
        actor_in(run.runtime.owner, run.runtime.workspace.slug)  # whose files and secrets it gets: still a member
        ticket = authorize_launch(actor, run.version.reference)
        lay_out(run, directory)
        if run.runtime.kind == "app":
            run.port = free_port()
            Run.objects.filter(pk=run.pk).update(port=run.port)
        start = start_of(run, directory, ticket.prefix)
    except AssayError as error:
        end_run(run, "failed", message=f"{error.detail} {error.hint}")
        return None
    record_launch(ticket, actor, kind=use_of(run), thing=str(run.pk), runtime=run.runtime)
    return launcher.start(start)


def _give_up(run: Run, directory: Path) -> None:
    """Call a run lost whose worker was killed while starting it: it may have run, so it never runs again."""
    if time.time() - (directory / "start.json").stat().st_mtime < PATIENCE:
        return  # its supervisor may be about to show itself
    LocalLauncher().clear(str(directory))
    end_run(run, "lost", message="The worker was stopped while this run was being started. It was not repeated.")


def _follow(run: Run) -> None:
    if run.handle is None:  # the worker was killed between claiming and starting
        _launch(run)
        return
    launcher, handle = LocalLauncher(), Handle(**run.handle)
    if run.cancel_requested:
        launcher.ask(handle)
    status = launcher.status(handle)
    if status.state == "running":
        return
    if handle.workdir == str(folder_of(run)):
        _go_on(run, status)
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
    gone = status.state == "lost" or status.reason == "stopped"
    if gone:  # ended from outside: by us, or with its machine
        return "cancelled" if cancelled else "lost"
    if status.reason == "timeout":
        return "timeout"
    return "succeeded" if status.exit_code == 0 and not status.reason else "failed"


def _message(status: Status, run: Run) -> str:
    if run.cancel_requested:
        return ""
    if status.state == "lost" or status.reason == "stopped":
        return "The process vanished with its machine or its supervisor. It was not started again."
    if status.reason == "timeout":
        return f"It took longer than its limit of {run.limits['seconds']:g} seconds."
    if status.reason == "memory":
        return f"It used more memory than its limit of {run.limits['memory'] / 2**20:.0f} MiB."
    return _by_signal(status.exit_code or 0)


def _by_signal(code: int) -> str:
    """Say which signal ended a process: -n as in Python, 128 + n as shells and the wall tell it."""
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name if code < 0 or code > 128 else ""  # noqa: PLR2004 - explained above
    except ValueError:
        return ""
    short = " The machine kills so when memory is short." if name == "SIGKILL" else ""
    return f"It was ended by {name}.{short}" if name else ""
