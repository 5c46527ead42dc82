"""Following Studio servers: what the Hub says of them becomes their record; idle ones are stopped."""

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
from assay.flow.watch.quarantine import why_over
from assay.store.audit_log import record
from assay.store.models import Server, Version
from assay.studio.hub_client import HubClient, Seen

LIVE = ("starting", "ready", "stopping")
OK, BROKEN = 200, 500  # HTTP: answers from here on are the server's fault
LAST = 4000  # bytes of a log in which an application's last words are looked for
PROXY_LINES = ("[ApplicationProxy]", "500 ", "404 ")
GRACE = timedelta(seconds=120)  # a start that the Hub knows nothing of for so long has failed


def hub() -> HubClient:
    """Return a client of the Hub of this installation."""
    return HubClient(settings.HUB_URL, settings.HUB_API_TOKEN)


def begin(server: Server) -> None:
    """Ask the Hub to start a recorded server; a refusal closes the record with its words."""
    name = server.person.get_username()
    try:
        client = hub()
        client.ensure_user(name)
        client.start(name, server.pk, {"environment": server.version.reference, "server": server.pk})
    except AssayError as error:
        close(server, "failed", f"{error.detail} {error.hint}".strip())


def end(server: Server, message: str) -> None:
    """Ask the Hub to end a server, and say why."""
    hub().stop(server.person.get_username(), server.pk)
    Server.objects.filter(pk=server.pk, state__in=LIVE).update(state="stopping", message=message)


def refresh(server: Server) -> Server:
    """Bring the record of a live server in step with what the Hub says."""
    if server.state not in LIVE:
        return server
    try:
        reason = _why_not_any_more(server) if server.state == "ready" else ""
        if reason:
            end(server, reason)
            server.refresh_from_db()
        seen = hub().progress(server.person.get_username(), server.pk)
        if seen.state == "ready" and server.state == "starting":
            _up(server, seen)
        elif seen.state == "ready" and server.state == "ready":
            _cull(server, seen)
    except AssayError:
        return server  # the Hub does not answer: what is known stays known
    if seen.state == "starting" and server.state == "starting":
        _step(server, seen.progress, seen.message)
    elif seen.state in {"failed", "stopped"}:
        _gone(server, seen)
    server.refresh_from_db()
    return server


def _why_not_any_more(server: Server) -> str:
    """Say why a server must end, '' if it may go on: rights and health are read anew, not remembered."""
    try:
        actor_in(server.person, server.workspace.slug)
    except NotFoundError:
        return f"{server.person.get_username()} is no member of this workspace any more"
    return why_over(server.version)


def _step(server: Server, progress: int, message: str) -> None:
    Server.objects.filter(pk=server.pk, state="starting").update(progress=min(progress, 99), message=message)


def _up(server: Server, seen: Seen) -> None:
    """Record that a server is ready; an application behind its proxy is only once it answers by itself."""
    application = find_application(server.workspace_id, server.application)
    status = hub().look(seen.address) if application.argv else OK
    if status is None:
        _step(server, 95, f"{application.name} is starting")
    elif status >= BROKEN:
        hub().stop(server.person.get_username(), server.pk)
        words = f"{application.name} did not start. Does {server.file or 'it'} run? {_last_words(server)}"
        close(server, "failed", words.strip())
    else:
        _ready(server, seen.address + application.path)


def _last_words(server: Server) -> str:
    """Return the end of what an application on this machine wrote, without its proxy's own lines."""
    log = home() / "hub" / "logs" / f"{server.person.get_username()}-{server.pk}.log"
    try:
        lines = log.read_bytes()[-LAST:].decode(errors="replace").splitlines()
    except OSError:
        return ""
    own = [one for one in lines if one.strip() and not one.startswith(PROXY_LINES)]
    return f"Its last words: {own[-1]}" if own else ""


def _ready(server: Server, address: str) -> None:
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state="starting").update(
            state="ready", progress=100, message="Ready", address=address, ready_at=timezone.now()
        )
        if changed:
            write(EventName.SERVER_LAUNCHED, server, server.person.get_username())


def _cull(server: Server, seen: Seen) -> None:
    """Stop a server that nobody has used for the time that the installation sets, unless it still computes."""
    limit = timedelta(minutes=settings.IDLE_MINUTES)
    since = max(filter(None, (seen.last_activity, server.ready_at)), default=timezone.now())
    if not limit or timezone.now() - since < limit:
        return
    if not hub().is_busy(server.person.get_username(), server.pk):
        end(server, f"Stopped after {settings.IDLE_MINUTES:g} minutes without use")


def _gone(server: Server, seen: Seen) -> None:
    young = timezone.now() - server.created_at < GRACE
    if server.state == "starting" and seen.state == "stopped" and young and not server.progress:
        return  # the Hub has not begun yet
    ended = "stopped" if server.state in {"ready", "stopping"} else "failed"
    message = seen.message or server.message
    if server.following is None or ended == "failed":
        close(server, ended, message)
    else:
        _go_on(server, server.following)


def _go_on(server: Server, following: Version) -> None:
    """Start a server that has stopped again, in the version that follows; checked now, recorded as a new use."""
    taken = Server.objects.filter(pk=server.pk, state__in=LIVE, following__isnull=False)
    try:
        ticket = authorize_launch(actor_in(server.person, server.workspace.slug), following.reference)
        with transaction.atomic():
            now = timezone.now()
            changes = {"version": ticket.version, "digest": ticket.digest, "created_at": now, "ready_at": None}
            if not taken.update(state="starting", progress=0, address="", following=None, **changes):
                return  # somebody else has just done it
            end_launch("studio", server.pk)
            server.refresh_from_db()
            actor = actor_in(server.person, server.workspace.slug)
            record_launch(ticket, actor, kind="studio", thing=server.pk)
            write(EventName.SERVER_REQUESTED, server, actor.name)
    except AssayError as error:
        close(server, "failed", f"{error.detail} {error.hint}".strip())
    else:
        begin(server)


def close(server: Server, state: str, message: str) -> None:
    """Record the end of a server once."""
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state__in=LIVE).update(
            state=state, message=message, address="", following=None, stopped_at=timezone.now()
        )
        if changed:
            end_launch("studio", server.pk)
            write(EventName.SERVER_STOPPED, server, "assay", state=state, message=message)


def follow() -> bool:
    """Bring all live servers in step. Returns whether there was any."""
    live = Server.objects.select_related("version__environment", "following__environment", "person", "workspace")
    servers = list(live.filter(state__in=LIVE))
    for server in servers:
        refresh(server)
    return bool(servers)


def write(name: EventName, server: Server, actor: str, **detail: object) -> None:
    """Record what happened to a server."""
    version = server.version
    record(
        name,
        workspace_id=server.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail={"server": server.pk, "digest": server.digest, "application": server.application, **detail},
    )
