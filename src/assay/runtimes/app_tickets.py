"""Access to apps: a one-time ticket transfers the sign-in from Assay to the app's host name.

Assay and the apps share no cookie. Assay, where the person is signed in, signs a ticket for one app; the app
proxy accepts it once and sets its own signed cookie for that app's host. Membership is checked at each request.
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
TICKET_SALT, COOKIE_SALT = "assay.app.ticket", "assay.app.cookie"


def apps_open_to(actor: Actor) -> QuerySet[Runtime]:
    """Return the apps that a person may open: their own and those shared in the workspace."""
    mine = Q(owner_id=actor.id) | Q(shared=True)
    return Runtime.objects.filter(mine, kind="app", workspace_id=actor.workspace_id).select_related(
        "owner", "serving_run"
    )


def issue_ticket(actor: Actor, runtime: int, target: str) -> str:
    """Return a ticket for an app's host, for a person who may open the app. Raises NotFoundError."""
    if not apps_open_to(actor).filter(pk=runtime).exists():
        raise NotFoundError("There is no such app.", hint="Ask its owner to share it.")
    local = target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"
    return signing.dumps([actor.id, runtime, local, secrets.token_hex(8)], salt=TICKET_SALT)


def redeem_ticket(text: str, runtime: int) -> tuple[str, str]:
    """Redeem a ticket; return the cookie to set and the path to open. Raises ForbiddenError for an invalid one."""
    person, of, target, once = _read(text, TICKET_SALT, TICKET_SECONDS)
    if of != runtime or not cache.add(f"app-ticket-{once}", 1, TICKET_SECONDS * 2):
        raise ForbiddenError("This link was already used.", hint="Open the app from Assay.")
    return signing.dumps([person, runtime], salt=COOKIE_SALT), str(target)


def visitor_name(cookie: str, runtime: int) -> str:
    """Return the name of the person with this cookie, if they may open the app now. Raises ForbiddenError."""
    person, of = _read(cookie, COOKIE_SALT, COOKIE_SECONDS)
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


def serving_port(runtime: int) -> int | None:
    """Return the port of the process that serves an app now, None without one."""
    serving = Run.objects.filter(pk__in=Runtime.objects.filter(pk=runtime).values("serving_run"), state="running")
    return serving.values_list("port", flat=True).first()


def _read(text: str, salt: str, seconds: int) -> Any:  # noqa: ANN401 - any signed value
    try:
        return signing.loads(text, salt=salt, max_age=seconds)
    except signing.BadSignature as error:
        raise ForbiddenError("This link has expired.", hint="Open the app from Assay.") from error
