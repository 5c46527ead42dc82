"""Runs: request, read and cancel them; `run_queue` executes them."""

from __future__ import annotations

import logging
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
from assay.runtimes.projects import authorize_project, authorize_runtime, find_runnable, spec_of
from assay.runtimes.projects import find as find_own
from assay.runtimes.run_settings import check_arguments, check_parameters
from assay.store.artifacts import Output, open_output, outputs
from assay.store.audit_log import record
from assay.store.logs import log_from
from assay.store.models import Run, Runtime
from assay.store.statements import Parameter, Statement

log = logging.getLogger("assay.runs")
OPEN = ("queued", "running")
MAX_QUEUED = 200  # waiting runs of one person
WAITING = Statement(
    lambda: Run.objects.filter(person_id=Parameter("person"), state="queued").values_list("pk", flat=True)
)


def request_run(
    actor: Actor,
    slug: str,
    *,
    arguments: tuple[str, ...] | None = None,
    parameters: dict[str, Any] | None = None,
    trial_in: str = "",
) -> Run:
    """Queue a run of a project that the caller may run, in the current version of its environment.

    `arguments` replace the project's; `parameters` are added to the project's. `trial_in` names another version
    for one trial run, which only the owner may request. Raises ConflictError when too many runs are waiting.
    """
    runtime = find_own(actor, slug) if trial_in else find_runnable(actor, slug)
    check_right(actor, Right.COMPOSE)
    if len(WAITING.rows(limit=MAX_QUEUED, person=actor.id)) == MAX_QUEUED:
        raise ConflictError(f"{MAX_QUEUED} of your runs are waiting.", hint="Wait for some of them, or cancel some.")
    check_arguments(arguments or ())
    check_parameters(parameters or {})
    if runtime.kind == "app":
        raise ConflictError("An app cannot be run.", hint="Start it instead.")
    permission = authorize_runtime(actor, trial_in) if trial_in else authorize_project(actor, runtime)
    spec = spec_of(runtime)
    spec = replace(
        spec,
        arguments=spec.arguments if arguments is None else arguments,
        parameters=spec.parameters | (parameters or {}),
    )
    with transaction.atomic():
        run = make_run(
            runtime,
            actor.id,
            permission,
            arguments=spec.arguments,
            parameters=spec.parameters,
            trial=bool(trial_in),
        )
        record_run(EventName.RUN_REQUESTED, run, actor.name)
        wake_worker()
    return run


def make_run(
    runtime: Runtime,
    person_id: int,
    permission: LaunchPermission,
    *,
    arguments: tuple[str, ...],
    parameters: dict[str, Any],
    scheduled_for: datetime | None = None,
    trial: bool = False,
) -> Run:
    """Queue a run with a copy of the project's settings, so that later changes do not affect it."""
    return Run.objects.create(
        runtime=runtime,
        person_id=person_id,
        version=permission.version,
        digest=permission.digest,
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
    """Request the end of a run with all its processes."""
    run = find(actor, run_id)
    check_right(actor, Right.COMPOSE)
    if run.state not in OPEN:
        raise ConflictError(f"The run has already ended: {run.state}.", hint="Start a new run.")
    Run.objects.filter(pk=run.pk).update(cancel_requested=True)
    wake_worker()
    end_run(run, "cancelled", only_from=("queued",))
    run.refresh_from_db()
    return run


def find(actor: Actor, run_id: str) -> Run:
    """Return a run that the caller requested, or of a project of the caller. Raises NotFoundError."""
    mine = Q(person_id=actor.id) | Q(runtime__owner_id=actor.id)
    run = (
        Run.objects.filter(mine, pk=run_id, runtime__workspace_id=actor.workspace_id)
        .select_related("runtime", "person", "version__environment")
        .first()
    )
    if run is None:
        raise NotFoundError("You have no such run.", hint="Check the address.")
    return run


def recent_runs(runtimes: list[Runtime], count: int) -> dict[int, list[Run]]:
    """Return the last runs of each project, oldest first, in one query and without their source."""
    found: dict[int, list[Run]] = {one.pk: [] for one in runtimes}
    for run in Run.objects.filter(runtime__in=runtimes).defer("source").order_by("-created_at")[: count * 50]:
        if len(found[run.runtime_id]) < count:
            found[run.runtime_id].insert(0, run)
    return found


def read_log(run: Run, offset: int) -> dict[str, Any]:
    """Return the log from a byte offset."""
    return log_from(run_directory(run.pk) / "log", offset, ended=run.state not in OPEN)


def outputs_of(run: Run) -> list[Output]:
    """Return the output files of an ended run; a running one has none."""
    return [] if run.state in OPEN else outputs(run_directory(run.pk) / "outputs")


def open_output_of(run: Run, name: str) -> BinaryIO:
    """Open an output file of an ended run. Raises ConflictError while it runs, NotFoundError."""
    if run.state in OPEN:
        raise ConflictError("The run has not ended.", hint="Download its files after it has ended.")
    return open_output(run_directory(run.pk) / "outputs", name)


def end_run(run: Run, state: str, *, only_from: tuple[str, ...] = OPEN, **columns: Any) -> None:  # noqa: ANN401 - column values
    """Record the end of a run once, and queue a retry of a failed run if it has retries left."""
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=only_from).update(
            state=state, finished_at=timezone.now(), **columns
        )
        if changed:
            end_launch(launch_kind(run), str(run.pk))
            record_run(EventName.RUN_ENDED, run, "assay", state=state, exit_code=columns.get("exit_code"))
            if (
                state == "failed"
                and run.attempt <= run.runtime.retries
                and not run.trial
                and run.runtime.kind != "app"
            ):
                _retry(run)
    if changed:
        log.info("A run of %s has ended: %s", run.runtime.slug, state, extra={"run": run.pk})


def launch_kind(run: Run) -> str:
    """Return the kind of launch that a run is recorded as."""
    return "app" if run.runtime.kind == "app" else "run"


def _retry(run: Run) -> None:
    """Queue a failed run again. Cancelled, timed-out and lost runs are not retried."""
    copied = ("runtime_id", "person_id", "version_id", "digest", "source", "entry", "arguments", "parameters")
    retry = Run.objects.create(
        **{column: getattr(run, column) for column in (*copied, "secrets", "limits")},
        attempt=run.attempt + 1,
        retry_of=run,
        state="queued",
        created_at=timezone.now(),
    )
    record_run(EventName.RUN_RETRIED, retry, "assay", attempt=retry.attempt, of=str(run.pk))


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
