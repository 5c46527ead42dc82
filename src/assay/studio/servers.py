"""Studio servers: a person asks, the Hub starts, the gate checks; this keeps the record in step."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assay.core.errors import AssayError, ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.flow.launch import admit, end_launch, record_launch
from assay.store.journal import record
from assay.store.models import Server
from assay.studio.hub_client import HubClient

LIVE = ("starting", "ready", "stopping")
MOST = 5  # live servers of one person
GRACE = timedelta(seconds=120)  # a start that the Hub knows nothing of for so long has failed


def hub() -> HubClient:
    """Return a client of the Hub of this installation."""
    return HubClient(settings.HUB_URL, settings.HUB_API_TOKEN)


def start(actor: Actor, reference: str) -> Server:
    """Check the pass, record the server and ask the Hub to start it."""
    check_right(actor, Right.SEE)
    ticket = admit(actor, reference)
    if Server.objects.filter(person_id=actor.id, state__in=LIVE).count() >= MOST:
        raise ConflictError(f"You have {MOST} servers running.", hint="Stop one of them first.")
    with transaction.atomic():
        server = Server.objects.create(
            id=f"s{secrets.token_hex(6)}",
            workspace_id=actor.workspace_id,
            person_id=actor.id,
            version=ticket.version,
            digest=ticket.digest,
            state="starting",
            message="Asking the Hub",
            created_at=timezone.now(),
        )
        _record(EventName.SERVER_REQUESTED, server, actor.name)
        record_launch(ticket, actor, kind="studio", thing=server.pk)
    try:
        client = hub()
        client.ensure_user(actor.name)
        client.start(actor.name, server.pk, {"environment": ticket.version.reference, "server": server.pk})
    except AssayError as error:
        close(server, "failed", f"{error.detail} {error.hint}".strip())
    server.refresh_from_db()
    return server


def mine(actor: Actor) -> list[Server]:
    """Return one's own live servers, newest first, as they stand now."""
    servers = _own(actor).filter(state__in=LIVE).order_by("-created_at")
    return [refresh(server) for server in servers]


def look(actor: Actor, server_id: str) -> Server:
    """Return one of one's own servers as it stands now. Raises NotFoundError."""
    server = _own(actor).filter(pk=server_id).first()
    if server is None:
        raise NotFoundError("You have no such server.", hint="Check the address.")
    return refresh(server)


def _own(actor: Actor) -> QuerySet[Server]:
    return Server.objects.select_related("version__environment__newest", "person").filter(
        workspace_id=actor.workspace_id, person_id=actor.id
    )


def stop(actor: Actor, server_id: str) -> Server:
    """Ask the Hub to stop a server and every process of it."""
    server = look(actor, server_id)
    if server.state in LIVE:
        hub().stop(actor.name, server.pk)
        Server.objects.filter(pk=server.pk, state__in=LIVE).update(state="stopping", message="Stopping")
        server.refresh_from_db()
        refresh(server)
    return server


def refresh(server: Server) -> Server:
    """Bring the record of a live server in step with what the Hub says."""
    if server.state not in LIVE:
        return server
    try:
        seen = hub().progress(server.person.get_username(), server.pk)
    except AssayError:
        return server  # the Hub does not answer: what is known stays known
    if seen.state == "ready" and server.state == "starting":
        _ready(server, seen.address or "")
    elif seen.state == "starting" and server.state == "starting":
        Server.objects.filter(pk=server.pk, state="starting").update(
            progress=min(seen.progress, 99), message=seen.message
        )
    elif seen.state in {"failed", "stopped"}:
        _gone(server, seen.state, seen.message)
    server.refresh_from_db()
    return server


def _gone(server: Server, state: str, message: str) -> None:
    young = timezone.now() - server.created_at < GRACE
    if server.state == "starting" and state == "stopped" and young and not server.progress:
        return  # the Hub has not begun yet
    ended = "stopped" if server.state in {"ready", "stopping"} else "failed"
    close(server, ended, message or server.message)


def _ready(server: Server, address: str) -> None:
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state="starting").update(
            state="ready", progress=100, message="Ready", address=address, ready_at=timezone.now()
        )
        if changed:
            _record(EventName.SERVER_LAUNCHED, server, server.person.get_username())


def close(server: Server, state: str, message: str) -> None:
    """Record the end of a server once."""
    with transaction.atomic():
        changed = Server.objects.filter(pk=server.pk, state__in=LIVE).update(
            state=state, message=message, address="", stopped_at=timezone.now()
        )
        if changed:
            end_launch("studio", server.pk)
            _record(EventName.SERVER_STOPPED, server, "assay", state=state, message=message)


def follow() -> bool:
    """Bring all live servers in step. Returns whether there was any."""
    live = Server.objects.select_related("version__environment", "person").filter(state__in=LIVE)
    servers = list(live)
    for server in servers:
        refresh(server)
    return bool(servers)


def _record(name: EventName, server: Server, actor: str, **detail: object) -> None:
    version = server.version
    record(
        name,
        workspace_id=server.workspace_id,
        actor=actor,
        environment=version.environment.slug,
        number=version.number,
        detail={"server": server.pk, "digest": server.digest, **detail},
    )
