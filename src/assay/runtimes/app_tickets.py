"""Who may open an app: a ticket carries the sign-in from the desk to the app's own host name, once.

The desk and the apps share no cookie. The desk, where the person is signed in, signs a ticket for one app; the
door takes it once and keeps its own signed cookie at that app's host. Membership is read anew all the time.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.db.models import Q, QuerySet

from assay.core.errors import ForbiddenError, NotFoundError
from assay.core.roles import Actor
from assay.store.models import Membership, Run, Runtime

TICKET_SECONDS = 60
COOKIE_SECONDS = 12 * 3600
TICKET, COOKIE = "assay.app.ticket", "assay.app.cookie"  # what each signature is for


def open_to(actor: Actor) -> QuerySet[Runtime]:
    """Return the apps that a person may open: their own and those shared in the workspace."""
    mine = Q(owner_id=actor.id) | Q(shared=True)
    return Runtime.objects.filter(mine, kind="app", workspace_id=actor.workspace_id).select_related(
        "owner", "serving"
    )


def ticket(actor: Actor, runtime: int, target: str) -> str:
    """Return a ticket to an app's host for somebody who may open it. Raises NotFoundError."""
    if not open_to(actor).filter(pk=runtime).exists():
        raise NotFoundError("There is no such app.", hint="Ask its owner to share it.")
    local = target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
    return signing.dumps([actor.id, runtime, local, secrets.token_hex(8)], salt=TICKET)


def admit_ticket(text: str, runtime: int) -> tuple[str, str]:
    """Take a ticket; return the cookie to keep and where to go. Raises ForbiddenError when it is not good."""
    person, of, target, once = _read(text, TICKET, TICKET_SECONDS)
    if of != runtime or not cache.add(f"app-ticket-{once}", 1, TICKET_SECONDS * 2):
        raise ForbiddenError("This way in was used already.", hint="Open the app from the desk.")
    return signing.dumps([person, runtime], salt=COOKIE), str(target)


def visitor(cookie: str, runtime: int) -> str:
    """Return the name of who holds the cookie, if they may open the app now. Raises ForbiddenError."""
    person, of = _read(cookie, COOKIE, COOKIE_SECONDS)
    found = Membership.objects.filter(
        Q(workspace__runtimes__owner_id=person) | Q(workspace__runtimes__shared=True),
        workspace__runtimes__pk=runtime,
        workspace__runtimes__kind="app",
        person_id=person,
        person__is_active=True,
    ).values_list("person__username", flat=True)
    name = found.first() if of == runtime else None
    if name is None:
        raise ForbiddenError("You may not open this app.", hint="Ask its owner to share it.")
    return str(name)


def port_of(runtime: int) -> int | None:
    """Return where the process listens that serves an app now, None when none does."""
    serving = Run.objects.filter(pk__in=Runtime.objects.filter(pk=runtime).values("serving"), state="running")
    return serving.values_list("port", flat=True).first()


def _read(text: str, salt: str, seconds: int) -> Any:  # noqa: ANN401 - what was signed
    try:
        return signing.loads(text, salt=salt, max_age=seconds)
    except signing.BadSignature as error:
        raise ForbiddenError("This way in is not good any more.", hint="Open the app from the desk.") from error
