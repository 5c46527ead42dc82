"""Runs: queued by a person, started and followed by the worker, each in its own process tree."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from assay.core.errors import AssayError, ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status, Use, check_use
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import actor_in
from assay.flow.bell import ring
from assay.flow.launch import admit, end_launch, record_launch
from assay.flow.places import home as installation
from assay.flow.places import person_home, run_directory
from assay.launchers.interface import Handle, Start
from assay.launchers.interface import Status as ProcessStatus
from assay.launchers.local import LocalLauncher
from assay.launchers.wall import walled
from assay.runtimes.projects import find as find_runtime
from assay.store.journal import record
from assay.store.logs import log_from
from assay.store.models import Run

OPEN = ("queued", "running")
AT_ONCE = os.cpu_count() or 2
MAX_ARGUMENTS = 100


def request_run(actor: Actor, slug: str, *, arguments: tuple[str, ...] = ()) -> Run:
    """Queue a run of one's own runtime, in the version that its environment names now."""
    runtime = find_runtime(actor, slug)
    check_right(actor, Right.COMPOSE)
    ticket = admit(actor, runtime.environment)
    check_use(Status(ticket.version.status), Health(ticket.version.health), Use.RUNTIME)
    with transaction.atomic():
        run = Run.objects.create(
            runtime=runtime,
            person_id=actor.id,
            version=ticket.version,
            digest=ticket.digest,
            source=runtime.source,
            entry=runtime.entry,
            arguments=[str(one) for one in arguments[:MAX_ARGUMENTS]],
            limits=runtime.limits,
            state="queued",
            created_at=timezone.now(),
        )
        _record(EventName.RUN_REQUESTED, run, actor.name)
        ring()
    return run


def cancel(actor: Actor, run_id: str) -> Run:
    """Ask for the end of a run and every process of it."""
    run = find(actor, run_id)
    check_right(actor, Right.COMPOSE)
    if run.state not in OPEN:
        raise ConflictError(f"The run has ended: {run.state}.", hint="Start it again if you want another.")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    ring()
    _end(run, "cancelled", only_from=("queued",))
    run.refresh_from_db()
    return run


def find(actor: Actor, run_id: str) -> Run:
    """Return one's own run. Raises NotFoundError."""
    run = (
        Run.objects.filter(pk=run_id, runtime__workspace_id=actor.workspace_id, person_id=actor.id)
        .select_related("runtime", "person", "version__environment")
        .first()
    )
    if run is None:
        raise NotFoundError("You have no such run.", hint="Check the address.")
    return run


def read_log(run: Run, offset: int) -> dict[str, Any]:
    """Return the log from a byte offset."""
    return log_from(run_directory(run.pk) / "log", offset, ended=run.state not in OPEN)


def advance() -> bool:
    """Bring every open run one step forward. Returns whether there was anything open."""
    opened = list(
        Run.objects.select_related("runtime__workspace", "person", "version__environment")
        .filter(state__in=OPEN)
        .order_by("created_at")
    )
    running = sum(run.state == "running" for run in opened)
    for run in opened:
        if run.state == "running":
            _follow(run)
        elif running < AT_ONCE and _claim(run):
            running += 1
    return bool(opened)


def _claim(run: Run) -> bool:
    if not Run.objects.filter(pk=run.pk, state="queued").update(state="running", started_at=timezone.now()):
        return False
    run.refresh_from_db()
    _launch(run)
    return True


def _launch(run: Run) -> None:
    """Check the pass once more and start the process, or find the one that a killed worker started."""
    directory, launcher = run_directory(run.pk), LocalLauncher()
    handle = launcher.find(str(directory))
    if handle is None:
        if (directory / "source").exists():  # it was started and is gone; never run twice unasked
            _end(run, "lost", message="The worker was stopped while this run was being started.")
            return
        try:
            actor = actor_in(run.person, run.runtime.workspace.slug)
            ticket = admit(actor, run.version.reference)
        except AssayError as error:
            _end(run, "failed", message=f"{error.detail} {error.hint}")
            return
        record_launch(ticket, actor, kind="run", thing=str(run.pk))
        handle = launcher.start(_start(run, directory, ticket.prefix))
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(handle=asdict(handle))
        _record(EventName.RUN_STARTED, run, "assay", digest=run.digest)


def _start(run: Run, directory: Path, prefix: Path) -> Start:
    source, outputs = directory / "source", directory / "outputs"
    shutil.rmtree(directory, ignore_errors=True)
    outputs.mkdir(parents=True)
    for name, text in run.source["files"].items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    home = person_home(run.person.get_username())
    home.mkdir(parents=True, exist_ok=True)
    memory = run.limits.get("memory")
    return Start(
        argv=tuple(
            walled(
                [str(prefix / "bin" / "python"), str(source / run.entry), *run.arguments],
                home=str(installation()),
                readable=(str(prefix), str(source)),
                writable=(str(outputs), str(home)),
            )
        ),
        cwd=str(outputs),
        env=_environment(prefix, home),
        workdir=str(directory),
        seconds=run.limits.get("seconds"),
        memory=int(memory) if memory else None,
    )


def _environment(prefix: Path, home: Path) -> dict[str, str]:
    """Return the variables of a run: nothing of the server's own, byte code in the person's home."""
    return {
        "PATH": f"{prefix / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(prefix),
        "HOME": str(home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPYCACHEPREFIX": str(home / ".cache" / "pycache"),
    }


def _follow(run: Run) -> None:
    if run.handle is None:  # the worker was killed between claiming and starting
        _launch(run)
        return
    launcher, handle = LocalLauncher(), Handle(**run.handle)
    if run.cancel_requested:
        launcher.stop(handle)
    status = launcher.status(handle)
    if status.state == "running":
        return
    _end(
        run,
        _state(status, cancelled=run.cancel_requested),
        exit_code=status.exit_code,
        seconds=status.seconds,
        peak_memory=status.peak_memory,
        message=_message(status),
    )


def _state(status: ProcessStatus, *, cancelled: bool) -> str:
    if cancelled:
        return "cancelled"
    if status.state == "lost":
        return "lost"
    if status.reason == "timeout":
        return "timeout"
    return "succeeded" if status.exit_code == 0 else "failed"


def _message(status: ProcessStatus) -> str:
    if status.state == "lost":
        return "The process vanished with its machine or its supervisor. It was not started again."
    return {
        "timeout": "It took longer than its limit.",
        "memory": "It used more memory than its limit.",
    }.get(status.reason, "")


def _end(run: Run, state: str, *, only_from: tuple[str, ...] = OPEN, **columns: Any) -> None:  # noqa: ANN401 - column values
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=only_from).update(
            state=state, finished_at=timezone.now(), **columns
        )
        if changed:
            end_launch("run", str(run.pk))
            _record(EventName.RUN_ENDED, run, "assay", state=state, exit_code=columns.get("exit_code"))


def _record(name: EventName, run: Run, actor: str, **detail: object) -> None:
    version = run.version
    record(
        name,
        workspace_id=run.runtime.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail={"run": str(run.pk), "runtime": run.runtime.slug, **detail},
    )
