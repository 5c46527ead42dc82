"""Apps: started, looked after, restarted with growing patience, and replaced without a gap.

A process of an app is a run that does not end by itself. The one that is `serving` gets the visitors; a
newer one takes over when it is healthy, and only then the old one ends.
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

from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import actor_in
from assay.flow.launch.launch import LaunchPermission
from assay.runtimes.applications import check_needs, template
from assay.runtimes.kinds import host_of
from assay.runtimes.projects import admit_runtime, find
from assay.runtimes.runs import OPEN, end_run, make_run, record_run
from assay.store.models import Run, Runtime

MOST = 5  # apps of one person that are kept up
FIRST_DELAY, LONGEST_DELAY = 1.0, 300.0  # seconds before an app that fell is started again
STEADY = timedelta(seconds=60)  # up for so long, an app's earlier falls are forgotten
START_SECONDS = timedelta(seconds=90)  # until a started app must answer
LOOK = 2.0  # seconds between two looks at an app that is up
PATIENCE = 30.0  # seconds that an app which was up may not answer
_looked: dict[str, tuple[float, float]] = {}  # by run: when we looked last, and when it answered last


def delay(falls: int) -> float:
    """Return how long to wait (seconds) before starting again after so many falls in a row."""
    return min(FIRST_DELAY * float(2 ** min(falls - 1, 20)), LONGEST_DELAY)


def address_of(runtime: Runtime) -> str:
    """Return the address of an app."""
    return f"{urlsplit(settings.APPS_URL).scheme}://{host_of(runtime)}/"


def start(actor: Actor, slug: str) -> Runtime:
    """Have an app kept up from now on. Starting one that is up changes nothing."""
    runtime = own_app(actor, slug)
    if not runtime.wanted and Runtime.objects.filter(owner_id=actor.id, wanted=True).count() >= MOST:
        raise ConflictError(f"{MOST} of your apps are up.", hint="Stop one of them first.")
    _admit(runtime)
    Runtime.objects.filter(pk=runtime.pk).update(wanted=True, falls=0, again_at=None, notice="")
    if not _open(runtime):
        _queue(runtime, actor.name)
    runtime.refresh_from_db()
    return runtime


def restart(actor: Actor, slug: str) -> Run:
    """Start an app anew, in the version that its environment names now; the old one serves until it is healthy."""
    runtime = own_app(actor, slug)
    if any(run.pk != runtime.serving_id for run in _open(runtime)):
        raise ConflictError("It is being started already.", hint="Wait until that has come up or failed.")
    Runtime.objects.filter(pk=runtime.pk).update(wanted=True, falls=0, again_at=None, notice="")
    return _queue(runtime, actor.name)


def stop(actor: Actor, slug: str) -> Runtime:
    """End an app and keep it down."""
    runtime = own_app(actor, slug)
    Runtime.objects.filter(pk=runtime.pk).update(wanted=False, serving=None, again_at=None, notice="")
    for run in _open(runtime):
        _end(run)
    runtime.refresh_from_db()
    return runtime


def advance() -> bool:
    """Look after every app that is wanted or not yet gone. Returns whether there was any."""
    cared = Q(wanted=True) | Q(runs__state__in=OPEN)
    found = list(Runtime.objects.filter(cared, kind="app").select_related("workspace", "owner").distinct())
    for runtime in found:
        _look_after(runtime)
    return bool(found)


def _look_after(runtime: Runtime) -> None:
    running = _open(runtime)
    for run in running:
        if run.state == "running" and run.port and not run.cancel_requested:
            _look_at(runtime, run)
    if runtime.wanted and not running:
        _bring_back(runtime)


def _look_at(runtime: Runtime, run: Run) -> None:
    """Let a new process take over when it answers; end one that stopped answering, or never began."""
    now, key = time.monotonic(), str(run.pk)
    looked, answered = _looked.get(key, (0.0, now))
    if now - looked < (LOOK if run.healthy_at else 0.2):
        return
    if answers(run.port or 0, template(runtime.workspace_id, runtime.app).health):
        _looked[key] = (now, now)
        if run.healthy_at is None:
            _take_over(runtime, run)
        return
    _looked[key] = (now, answered)
    late = run.healthy_at is None and timezone.now() - (run.started_at or run.created_at) > START_SECONDS
    if late or (run.healthy_at and now - answered > PATIENCE):
        _end(run, "It did not answer in time.")


def answers(port: int, path: str) -> bool:
    """Say whether an app answers, and with no fault of its own."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=0.5)
    try:
        asked.request("GET", path)
        return asked.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _take_over(runtime: Runtime, run: Run) -> None:
    """Send visitors to the process that has come up, then end the ones before it."""
    Run.objects.filter(pk=run.pk).update(healthy_at=timezone.now())
    with transaction.atomic():
        if not Runtime.objects.filter(pk=runtime.pk, wanted=True).update(serving=run, notice=""):
            return
        record_run(EventName.APP_SERVING, run, "assay", digest=run.digest)
    for old in _open(runtime):
        if old.created_at < run.created_at:
            _end(old)


def _bring_back(runtime: Runtime) -> None:
    """Start a fallen app again, later each time it falls."""
    now = timezone.now()
    if runtime.again_at is None:
        last = runtime.runs.order_by("-created_at").first()
        steady = last and last.healthy_at and (last.finished_at or now) - last.healthy_at > STEADY
        falls = 1 if steady else runtime.falls + 1
        wait = delay(falls)
        why = last.message if last else ""
        Runtime.objects.filter(pk=runtime.pk).update(
            falls=falls,
            again_at=now + timedelta(seconds=wait),
            serving=None,
            notice=f"It has ended ({falls} in a row); it starts again in {wait:.0f} s. {why}".strip(),
        )
    elif runtime.again_at <= now:
        try:
            _queue(runtime, "assay")
        except AssayError as error:
            Runtime.objects.filter(pk=runtime.pk).update(wanted=False, notice=f"{error.detail} {error.hint}")
        Runtime.objects.filter(pk=runtime.pk).update(again_at=None)


def own_app(actor: Actor, slug: str) -> Runtime:
    """Return one's own app. Raises NotFoundError, and InvalidInputError for another kind of project."""
    runtime = find(actor, slug)
    check_right(actor, Right.COMPOSE)
    if runtime.kind != "app":
        raise InvalidInputError(f"{slug} is no app.", hint="Run it instead.", path="slug")
    return runtime


def _admit(runtime: Runtime) -> LaunchPermission:
    ticket = admit_runtime(actor_in(runtime.owner, runtime.workspace.slug), runtime.environment)
    check_needs(ticket.version, template(runtime.workspace_id, runtime.app))
    return ticket


def _queue(runtime: Runtime, who: str) -> Run:
    ticket, arguments = _admit(runtime), tuple(runtime.arguments)
    with transaction.atomic():
        run = make_run(runtime, runtime.owner_id, ticket, arguments=arguments, parameters=runtime.parameters)
        record_run(EventName.RUN_REQUESTED, run, who)
    return run


def _open(runtime: Runtime) -> list[Run]:
    found = Run.objects.filter(runtime=runtime, state__in=OPEN).defer("source")
    return list(found.select_related("runtime", "version__environment").order_by("created_at"))


def _end(run: Run, message: str = "") -> None:
    """Ask for the end of a process; the queue follows it to its end."""
    Run.objects.filter(pk=run.pk).update(cancel_requested=True, message=message)
    end_run(run, "cancelled", only_from=("queued",))
