"""The endpoint that authorizes each start of a server by the Hub.

Only the Hub may call it, with the gate's secret. The response names the sealed directory and its kernel.
"""

from __future__ import annotations

import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from assay.core.applications import check_compatible, fill
from assay.core.errors import AssayError, InvalidInputError, NotFoundError, NotSignedInError
from assay.core.events import EventName
from assay.core.roles import Actor
from assay.core.sizes import choose
from assay.flow.access import actor_in
from assay.flow.launch.applications import find_application
from assay.flow.launch.launch import LaunchPermission, authorize_launch
from assay.flow.people import find_person
from assay.store.audit_log import record
from assay.store.models import Membership, Server
from assay.store.reads.launchable import launch_choices, library_names
from assay.studio.kernels import kernel_document


@csrf_exempt
@require_POST
def gate(request: HttpRequest) -> JsonResponse:
    """Return the environment to start, or the reason for a refusal."""
    try:
        _check_hub(request)
        body = _body(request)
        actor = _actor(body["user"])
        permission = authorize_launch(actor, body["environment"])
        server = _server(actor, body.get("server", ""), permission.version.reference)
        document = _start_document(permission, server, request.get_host())
    except AssayError as error:
        _record_refusal(request, error)
        return JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")
    return JsonResponse(document)


def _start_document(permission: LaunchPermission, server: Server | None, host: str) -> dict[str, Any]:
    """Return what the Hub needs to start a server; all of it comes from Assay's records, not from the request."""
    size = choose(settings.SIZES, server.size if server else "")
    return {
        **kernel_document(permission, host),
        "application": _application(permission, server),
        "size": {"name": size.name, "memory": size.memory, "processors": size.processors},
    }


def _application(permission: LaunchPermission, server: Server | None) -> dict[str, Any]:
    found = find_application(permission.version.environment.workspace_id, server.application if server else "")
    check_compatible(found, library_names(permission.version), permission.version.reference)
    host = urlsplit(settings.HUB_URL).netloc
    argv = fill(found, prefix=str(permission.prefix), file=server.file if server else "", host=host)
    return {"name": found.name, "path": found.path, "argv": argv, "strips": found.strips}


@require_GET
def choices(request: HttpRequest) -> JsonResponse:
    """List the environments that a person may start, for the Hub's form."""
    try:
        _check_hub(request)
        actor = _actor(request.GET.get("user", ""))
    except AssayError as error:
        return JsonResponse(error.problem(), status=error.status, content_type="application/problem+json")
    return JsonResponse(
        {
            "items": [
                {
                    "environment": one.reference,
                    "title": one.title,
                    "kind": "personal" if one.personal else "published",
                }
                for one in launch_choices(actor)
            ]
        }
    )


def _record_refusal(request: HttpRequest, error: AssayError) -> None:
    """Record a refusal, if the Hub named a known person."""
    try:
        _check_hub(request)
        body = _body(request)
        actor = _actor(body["user"])
    except AssayError:
        return
    with transaction.atomic():
        record(
            EventName.SERVER_REFUSED,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            detail={"asked": body["environment"][:64], "reason": error.detail},
        )


def _check_hub(request: HttpRequest) -> None:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(token.encode(), settings.GATE_SECRET.encode()):
        raise NotSignedInError("Only the Hub may call this address.", hint="Open the launch page instead.")


def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(request.body)
        valid = isinstance(body["user"], str) and isinstance(body["environment"], str)
    except (ValueError, KeyError, TypeError):
        valid = False
    if not valid:
        raise InvalidInputError("`user` and `environment` are required.", hint="Choose an environment.")
    return body


def _actor(name: str) -> Actor:
    """Return the person in the workspace where they are a member."""
    person = find_person(name)
    membership = Membership.objects.select_related("workspace").filter(person=person).order_by("pk").first()
    if membership is None:
        raise NotFoundError(f"{name} is in no workspace.", hint="Ask an administrator.")
    return actor_in(person, membership.workspace.slug)


def _server(actor: Actor, server: str, reference: str) -> Server | None:
    """Return the server that this person requested in this version. Raises NotFoundError."""
    if not server:
        return None
    found = Server.objects.select_related("version__environment").filter(pk=server).first()
    if found is None or found.person_id != actor.id or found.version.reference != reference:
        raise NotFoundError("There is no such server.", hint="Start it from the launch page.")
    return found
