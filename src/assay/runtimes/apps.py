"""Apps: start, stop, health checks, restarts with exponential backoff, replacement without downtime.

Each process of an app is a run that does not end by itself. The `serving` one receives the requests. A newer
one replaces it when it is healthy, and only then the old one ends.
"""

from __future__ import annotations

import http.client
import time
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assay.core.applications import APP_NOT_RESPONDING
from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import actor_in
from assay.flow.launch.launch import LaunchPermission
from assay.runtimes.applications import check_needs, template
from assay.runtimes.kinds import host_of
from assay.runtimes.projects import authorize_runtime, find
from assay.runtimes.runs import OPEN, end_run, make_run, record_run
from assay.store.models import Run, Runtime

MAX_APPS = 5  # running apps of one person
FIRST_DELAY, LONGEST_DELAY = 1.0, 300.0  # seconds before a failed app is restarted
STABLE_AFTER = timedelta(seconds=60)  # uptime after which earlier failures no longer count
START_TIMEOUT = timedelta(seconds=90)  # until a started app must respond
CHECK_SECONDS, FIRST_CHECK_SECONDS = 2.0, 0.2  # between two health checks: when up, and while starting
UNRESPONSIVE_SECONDS = 30.0  # after which an app that was up is ended
_checks: dict[str, tuple[float, float]] = {}  # by run: the time of the last check and of the last response


def backoff(failures: int) -> float:
    """Return the wait (seconds) before the next restart after so many failures in a row."""
    return min(FIRST_DELAY * float(2 ** min(failures - 1, 20)), LONGEST_DELAY)


def address_of(runtime: Runtime) -> str:
    """Return the address of an app."""
    return f"{urlsplit(settings.APPS_URL).scheme}://{host_of(runtime)}/"


def start(actor: Actor, slug: str) -> Runtime:
    """Start an app and keep it running. Starting a running app changes nothing."""
    runtime = find_app(actor, slug)
    if not runtime.enabled and Runtime.objects.filter(owner_id=actor.id, enabled=True).count() >= MAX_APPS:
        raise ConflictError(f"{MAX_APPS} of your apps are running.", hint="Stop one of them first.")
    _authorize(runtime)
    Runtime.objects.filter(pk=runtime.pk).update(enabled=True, failures=0, restart_at=None, message="")
    if not _open_runs(runtime):
        _queue_run(runtime, actor.name)
    runtime.refresh_from_db()
    return runtime


def restart(actor: Actor, slug: str) -> Run:
    """Restart an app in the current version of its environment, without downtime."""
    runtime = find_app(actor, slug)
    if any(run.pk != runtime.serving_run_id for run in _open_runs(runtime)):
        raise ConflictError("The app is already starting.", hint="Wait until the new instance is up or has failed.")
    Runtime.objects.filter(pk=runtime.pk).update(enabled=True, failures=0, restart_at=None, message="")
    return _queue_run(runtime, actor.name)


def stop(actor: Actor, slug: str) -> Runtime:
    """Stop an app, and do not restart it."""
    runtime = find_app(actor, slug)
    Runtime.objects.filter(pk=runtime.pk).update(enabled=False, serving_run=None, restart_at=None, message="")
    for run in _open_runs(runtime):
        _request_end(run)
    runtime.refresh_from_db()
    return runtime


def advance() -> bool:
    """Check every app that should run or still does. Returns whether there is any."""
    active = Q(enabled=True) | Q(runs__state__in=OPEN)
    found = list(Runtime.objects.filter(active, kind="app").select_related("workspace", "owner").distinct())
    for runtime in found:
        _reconcile(runtime)
    return bool(found)


def _reconcile(runtime: Runtime) -> None:
    running = _open_runs(runtime)
    for run in running:
        if run.state == "running" and run.port and not run.cancel_requested:
            _check_health(runtime, run)
    if runtime.enabled and not running:
        _restart_failed(runtime)


def _check_health(runtime: Runtime, run: Run) -> None:
    """Switch to a new process when it responds; end one that stopped responding or never started to."""
    now, key = time.monotonic(), str(run.pk)
    checked, responded = _checks.get(key, (0.0, now))
    if now - checked < (CHECK_SECONDS if run.healthy_at else FIRST_CHECK_SECONDS):
        return
    if is_healthy(run.port or 0, template(runtime.workspace_id, runtime.app).health):
        _checks[key] = (now, now)
        if run.healthy_at is None:
            _switch_to(runtime, run)
        return
    _checks[key] = (now, responded)
    late = run.healthy_at is None and timezone.now() - (run.started_at or run.created_at) > START_TIMEOUT
    if late or (run.healthy_at and now - responded > UNRESPONSIVE_SECONDS):
        _request_end(run, APP_NOT_RESPONDING)


def is_healthy(port: int, path: str) -> bool:
    """Return whether an app responds without a server error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=0.5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _switch_to(runtime: Runtime, run: Run) -> None:
    """Send requests to the new process, then end the older ones."""
    Run.objects.filter(pk=run.pk).update(healthy_at=timezone.now())
    with transaction.atomic():
        if not Runtime.objects.filter(pk=runtime.pk, enabled=True).update(serving_run=run, message=""):
            return
        record_run(EventName.APP_SERVING, run, "assay", digest=run.digest)
    for old in _open_runs(runtime):
        if old.created_at < run.created_at:
            _request_end(old)


def _restart_failed(runtime: Runtime) -> None:
    """Restart an app that has ended, after a wait that grows with each failure."""
    now = timezone.now()
    if runtime.restart_at is None:
        last = runtime.runs.order_by("-created_at").first()
        stable = last and last.healthy_at and (last.finished_at or now) - last.healthy_at > STABLE_AFTER
        failures = 1 if stable else runtime.failures + 1
        wait = backoff(failures)
        reason = last.message if last else ""
        Runtime.objects.filter(pk=runtime.pk).update(
            failures=failures,
            restart_at=now + timedelta(seconds=wait),
            serving_run=None,
            message=f"The app ended ({failures} in a row). It restarts in {wait:.0f} s. {reason}".strip(),
        )
    elif runtime.restart_at <= now:
        try:
            _queue_run(runtime, "assay")
        except AssayError as error:
            Runtime.objects.filter(pk=runtime.pk).update(enabled=False, message=f"{error.detail} {error.hint}")
        Runtime.objects.filter(pk=runtime.pk).update(restart_at=None)


def find_app(actor: Actor, slug: str) -> Runtime:
    """Return an app of the caller. Raises NotFoundError, and InvalidInputError for another kind of project."""
    runtime = find(actor, slug)
    check_right(actor, Right.COMPOSE)
    if runtime.kind != "app":
        raise InvalidInputError(f"{slug} is not an app.", hint="Run it instead.", path="slug")
    return runtime


def _authorize(runtime: Runtime) -> LaunchPermission:
    permission = authorize_runtime(actor_in(runtime.owner, runtime.workspace.slug), runtime.environment)
    check_needs(permission.version, template(runtime.workspace_id, runtime.app))
    return permission


def _queue_run(runtime: Runtime, who: str) -> Run:
    permission, arguments = _authorize(runtime), tuple(runtime.arguments)
    with transaction.atomic():
        run = make_run(runtime, runtime.owner_id, permission, arguments=arguments, parameters=runtime.parameters)
        record_run(EventName.RUN_REQUESTED, run, who)
    return run


def _open_runs(runtime: Runtime) -> list[Run]:
    found = Run.objects.filter(runtime=runtime, state__in=OPEN).defer("source")
    return list(found.select_related("runtime", "version__environment").order_by("created_at"))


def _request_end(run: Run, message: str = "") -> None:
    """Request the end of a process; the run queue ends it."""
    Run.objects.filter(pk=run.pk).update(cancel_requested=True, message=message)
    end_run(run, "cancelled", only_from=("queued",))
