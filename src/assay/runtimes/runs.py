"""Runs: a person asks, looks and cancels; `runtimes/run_queue.py` brings them forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.flow.build.wakeup import wake_worker
from assay.flow.launch.launch import LaunchPermission, end_launch
from assay.flow.paths import run_directory
from assay.runtimes.projects import admit_runtime, find_runnable, plan_of
from assay.runtimes.projects import find as find_own
from assay.runtimes.run_settings import check_arguments, check_parameters
from assay.store.artifacts import Output, open_output, outputs
from assay.store.audit_log import record
from assay.store.logs import log_from
from assay.store.models import Run, Runtime

OPEN = ("queued", "running")
MOST = 200  # runs of one person that wait


def request_run(
    actor: Actor,
    slug: str,
    *,
    arguments: tuple[str, ...] | None = None,
    parameters: dict[str, Any] | None = None,
    trial_in: str = "",
) -> Run:
    """Queue a run of a runtime that one may run, in the version that its environment names now.

    Arguments take the place of the project's own; parameters are added to them. `trial_in` names another
    version to try it in once, which only its owner does. Raises ConflictError when too many wait already.
    """
    runtime = find_own(actor, slug) if trial_in else find_runnable(actor, slug)
    check_right(actor, Right.COMPOSE)
    if Run.objects.filter(person_id=actor.id, state="queued").count() >= MOST:
        raise ConflictError(f"{MOST} of your runs are waiting.", hint="Wait until some have ended, or cancel some.")
    check_arguments(arguments or ())
    check_parameters(parameters or {})
    if runtime.kind == "app":
        raise ConflictError("An app is started, not run.", hint="Start it.")
    ticket = admit_runtime(actor, trial_in or runtime.environment)
    plan = plan_of(runtime)
    plan = replace(
        plan,
        arguments=plan.arguments if arguments is None else arguments,
        parameters=plan.parameters | (parameters or {}),
    )
    with transaction.atomic():
        run = make_run(
            runtime,
            actor.id,
            ticket,
            arguments=plan.arguments,
            parameters=plan.parameters,
            trial=bool(trial_in),
        )
        record_run(EventName.RUN_REQUESTED, run, actor.name)
        wake_worker()
    return run


def make_run(
    runtime: Runtime,
    person_id: int,
    ticket: LaunchPermission,
    *,
    arguments: tuple[str, ...],
    parameters: dict[str, Any],
    scheduled_for: datetime | None = None,
    trial: bool = False,
) -> Run:
    """Put a run into the queue, with what it will run frozen."""
    return Run.objects.create(
        runtime=runtime,
        person_id=person_id,
        version=ticket.version,
        digest=ticket.digest,
        source=runtime.source,
        entry=runtime.entry,
        arguments=list(arguments),
        parameters=parameters,
        secrets=runtime.secrets,
        limits=runtime.limits,
        scheduled_for=scheduled_for,
        trial=trial,
        state="queued",
        created_at=timezone.now(),
    )


def cancel(actor: Actor, run_id: str) -> Run:
    """Ask for the end of a run and every process of it."""
    run = find(actor, run_id)
    check_right(actor, Right.COMPOSE)
    if run.state not in OPEN:
        raise ConflictError(f"The run has ended: {run.state}.", hint="Start it again if you want another.")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    wake_worker()
    end_run(run, "cancelled", only_from=("queued",))
    run.refresh_from_db()
    return run


def find(actor: Actor, run_id: str) -> Run:
    """Return a run that one has asked for, or of one's own runtime. Raises NotFoundError."""
    mine = Q(person_id=actor.id) | Q(runtime__owner_id=actor.id)
    run = (
        Run.objects.filter(mine, pk=run_id, runtime__workspace_id=actor.workspace_id)
        .select_related("runtime", "person", "version__environment")
        .first()
    )
    if run is None:
        raise NotFoundError("You have no such run.", hint="Check the address.")
    return run


def lately(runtimes: list[Runtime], count: int) -> dict[int, list[Run]]:
    """Return the last runs of each project, oldest first: one query, without what they ran."""
    found: dict[int, list[Run]] = {one.pk: [] for one in runtimes}
    for run in Run.objects.filter(runtime__in=runtimes).defer("source").order_by("-created_at")[: count * 50]:
        if len(found[run.runtime_id]) < count:
            found[run.runtime_id].insert(0, run)
    return found


def read_log(run: Run, offset: int) -> dict[str, Any]:
    """Return the log from a byte offset."""
    return log_from(run_directory(run.pk) / "log", offset, ended=run.state not in OPEN)


def outputs_of(run: Run) -> list[Output]:
    """Return the files that an ended run left, none while it may still change them."""
    return [] if run.state in OPEN else outputs(run_directory(run.pk) / "outputs")


def open_output_of(run: Run, name: str) -> BinaryIO:
    """Open a file that an ended run left. Raises ConflictError while it runs, NotFoundError."""
    if run.state in OPEN:
        raise ConflictError("The run has not ended.", hint="Its files can be had when it has.")
    return open_output(run_directory(run.pk) / "outputs", name)


def end_run(run: Run, state: str, *, only_from: tuple[str, ...] = OPEN, **columns: Any) -> None:  # noqa: ANN401 - column values
    """Record the end of a run once, and queue it again where that was asked for and it failed."""
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=only_from).update(
            state=state, finished_at=timezone.now(), **columns
        )
        if changed:
            end_launch(use_of(run), str(run.pk))
            record_run(EventName.RUN_ENDED, run, "assay", state=state, exit_code=columns.get("exit_code"))
            if (
                state == "failed"
                and run.attempt <= run.runtime.retries
                and not run.trial
                and run.runtime.kind != "app"
            ):
                _try_again(run)


def use_of(run: Run) -> str:
    """Return as what kind of use a run is recorded."""
    return "app" if run.runtime.kind == "app" else "run"


def _try_again(run: Run) -> None:
    """Queue the same once more. What was cancelled, took too long or was lost never comes here."""
    kept = ("runtime_id", "person_id", "version_id", "digest", "source", "entry", "arguments", "parameters")
    again = Run.objects.create(
        **{column: getattr(run, column) for column in (*kept, "secrets", "limits")},
        attempt=run.attempt + 1,
        retry_of=run,
        state="queued",
        created_at=timezone.now(),
    )
    record_run(EventName.RUN_RETRIED, again, "assay", attempt=again.attempt, of=str(run.pk))


def record_run(name: EventName, run: Run, actor: str, **detail: object) -> None:
    """Record an event about a run."""
    version = run.version
    record(
        name,
        workspace_id=run.runtime.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail={"run": str(run.pk), "runtime": run.runtime.slug, **detail},
    )
