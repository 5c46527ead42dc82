"""The status of Studio servers: update their records from the Hub, stop idle ones."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assay.core.errors import AssayError, NotFoundError
from assay.core.events import EventName
from assay.flow.access import actor_in
from assay.flow.launch.applications import find_application
from assay.flow.launch.launch import authorize_launch, end_launch, record_launch
from assay.flow.paths import home
from assay.flow.watch.quarantine import stop_reason
from assay.store.audit_log import record
from assay.store.models import Server, Version
from assay.studio.hub_client import HubClient, ServerStatus

LIVE = ("starting", "ready", "stopping")
OK, SERVER_ERROR = 200, 500  # HTTP: server errors start here
LOG_BYTES = 4000  # of an application's log to search for its last line
PROXY_LINES = ("[ApplicationProxy]", "500 ", "404 ")
GRACE = timedelta(seconds=120)  # after which a start that the Hub does not know has failed


def hub() -> HubClient:
    """Return a client of this installation's Hub."""
    return HubClient(settings.HUB_URL, settings.HUB_API_TOKEN)


def begin(server: Server) -> None:
    """Start a recorded server in the Hub; a refusal closes the record with its message."""
    name = server.person.get_username()
    try:
        client = hub()
        client.ensure_user(name)
        client.start(name, server.pk, {"environment": server.version.reference, "server": server.pk})
    except AssayError as error:
        close(server, "failed", f"{error.detail} {error.hint}".strip())


def end(server: Server, message: str) -> None:
    """Stop a server in the Hub, and record why."""
    hub().stop(server.person.get_username(), server.pk)
    Server.objects.filter(pk=server.pk, state__in=LIVE).update(state="stopping", message=message)


def refresh(server: Server) -> Server:
    """Update the record of a live server from the Hub."""
    if server.state not in LIVE:
        return server
    try:
        reason = _reason_to_stop(server) if server.state == "ready" else ""
        if reason:
            end(server, reason)
            server.refresh_from_db()
        status = hub().status(server.person.get_username(), server.pk)
        if status.state == "ready" and server.state == "starting":
            _handle_ready(server, status)
        elif status.state == "ready" and server.state == "ready":
            _stop_if_idle(server, status)
    except AssayError:
        return server  # the Hub does not respond: keep the record
    if status.state == "starting" and server.state == "starting":
        _set_progress(server, status.progress, status.message)
    elif status.state in {"failed", "stopped"}:
        _handle_end(server, status)
    server.refresh_from_db()
    return server


def _reason_to_stop(server: Server) -> str:
    """Return why a server must stop, '' if it may run: rights and health are checked again each time."""
    try:
        actor_in(server.person, server.workspace.slug)
    except NotFoundError:
        return f"{server.person.get_username()} is no longer a member of this workspace"
    return stop_reason(server.version)


def _set_progress(server: Server, progress: int, message: str) -> None:
    Server.objects.filter(pk=server.pk, state="starting").update(progress=min(progress, 99), message=message)


def _handle_ready(server: Server, status: ServerStatus) -> None:
    """Record that a server is ready; an application behind its proxy is ready only when it responds itself."""
    application = find_application(server.workspace_id, server.application)
    code = hub().http_status(status.address) if application.argv else OK
    if code is None:
        _set_progress(server, 95, f"{application.name} is starting")
    elif code >= SERVER_ERROR:
        hub().stop(server.person.get_username(), server.pk)
        file = f" with {server.file}" if server.file else ""
        message = f"{application.name} did not start{file}. {_last_line(server)}"
        close(server, "failed", message.strip())
    else:
        _ready(server, status.address + application.path)


def _last_line(server: Server) -> str:
    """Return the last line of a local application's log, without its proxy's lines."""
    log = home() / "hub" / "logs" / f"{server.person.get_username()}-{server.pk}.log"
    try:
        lines = log.read_bytes()[-LOG_BYTES:].decode(errors="replace").splitlines()
    except OSError:
        return ""
    own = [one for one in lines if one.strip() and not one.startswith(PROXY_LINES)]
    return f"Last output: {own[-1]}" if own else ""


def _ready(server: Server, address: str) -> None:
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state="starting").update(
            state="ready", progress=100, message="Ready", address=address, ready_at=timezone.now()
        )
        if changed:
            record_event(EventName.SERVER_LAUNCHED, server, server.person.get_username())


def _stop_if_idle(server: Server, status: ServerStatus) -> None:
    """Stop a server that was idle for the time set by the installation, unless a kernel is busy."""
    limit = timedelta(minutes=settings.IDLE_MINUTES)
    since = max(filter(None, (status.last_activity, server.ready_at)), default=timezone.now())
    if not limit or timezone.now() - since < limit:
        return
    if not hub().is_busy(server.person.get_username(), server.pk):
        end(server, f"Stopped after {settings.IDLE_MINUTES:g} minutes without use")


def _handle_end(server: Server, status: ServerStatus) -> None:
    young = timezone.now() - server.created_at < GRACE
    if server.state == "starting" and status.state == "stopped" and young and not server.progress:
        return  # the Hub has not started it yet
    ended = "stopped" if server.state in {"ready", "stopping"} else "failed"
    message = status.message or server.message
    if server.next_version is None or ended == "failed":
        close(server, ended, message)
    else:
        _start_next_version(server, server.next_version)


def _start_next_version(server: Server, next_version: Version) -> None:
    """Start a stopped server again in its next version: authorized again, recorded as a new launch."""
    waiting = Server.objects.filter(pk=server.pk, state__in=LIVE, next_version__isnull=False)
    try:
        permission = authorize_launch(actor_in(server.person, server.workspace.slug), next_version.reference)
        with transaction.atomic():
            now = timezone.now()
            changes = {
                "version": permission.version,
                "digest": permission.digest,
                "next_version": None,
                "address": "",
            }
            if not waiting.update(state="starting", progress=0, created_at=now, ready_at=None, **changes):
                return  # another process was faster
            end_launch("studio", server.pk)
            server.refresh_from_db()
            actor = actor_in(server.person, server.workspace.slug)
            record_launch(permission, actor, kind="studio", target_id=server.pk, size=server.size)
            record_event(EventName.SERVER_REQUESTED, server, actor.name)
    except AssayError as error:
        close(server, "failed", f"{error.detail} {error.hint}".strip())
    else:
        begin(server)


def close(server: Server, state: str, message: str) -> None:
    """Record the end of a server once."""
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state__in=LIVE).update(
            state=state, message=message, address="", next_version=None, stopped_at=timezone.now()
        )
        if changed:
            end_launch("studio", server.pk)
            record_event(EventName.SERVER_STOPPED, server, "assay", state=state, message=message)


def advance() -> bool:
    """Update the records of all live servers. Returns whether there are any."""
    live = Server.objects.select_related("version__environment", "next_version__environment", "person", "workspace")
    servers = list(live.filter(state__in=LIVE))
    for server in servers:
        refresh(server)
    return bool(servers)


def record_event(name: EventName, server: Server, actor: str, **detail: object) -> None:
    """Record an event of a server."""
    version = server.version
    record(
        name,
        workspace_id=server.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail={"server": server.pk, "digest": server.digest, "application": server.application, **detail},
    )
