"""Webhooks: addresses that receive events as JSON, signed so that a receiver can verify the sender.

The format is that of the Standard Webhooks specification (standardwebhooks.com): headers `webhook-id`,
`webhook-timestamp` and `webhook-signature`, the last `v1,` and the base64 of an HMAC-SHA256 over
`id.timestamp.body` under the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assay.core.errors import InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.notifications import NOTIFICATION_TYPES, words_of
from assay.core.package_indexes import check_address
from assay.core.roles import Actor, Right, check_right
from assay.engine.fetching.network import Network
from assay.engine.interface import Index
from assay.store.audit_log import record
from assay.store.encryption import decrypt, encrypt
from assay.store.models import Delivery, Event, Webhook

PURPOSE = "webhook"
PREFIX = "whsec_"
MOST = 20  # webhooks per workspace
PAUSES = (5, 30, 120, 600, 3600, 4 * 3600, 12 * 3600, 24 * 3600)  # seconds before each further attempt
SECONDS = 10.0  # for one attempt


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """A new webhook with its secret, which is shown only once."""

    record: Webhook
    secret: str


def add_webhook(actor: Actor, *, url: str, events: tuple[str, ...], allow_private: bool = False) -> NewWebhook:
    """Add a webhook and return it with its secret. Empty `events` means all that people are notified of."""
    check_right(actor, Right.ADMINISTER)
    address = _check(actor, url, events, allow_private=allow_private)
    secret = PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()
    with transaction.atomic():
        made = Webhook.objects.create(
            workspace_id=actor.workspace_id,
            url=address,
            events=list(events),
            secret=encrypt(secret, PURPOSE),
            allow_private=allow_private,
            created_at=timezone.now(),
        )
        _record(actor, EventName.WEBHOOK_SET, made)
    return NewWebhook(record=made, secret=secret)


def _check(actor: Actor, url: str, events: tuple[str, ...], *, allow_private: bool) -> str:
    unknown = sorted(set(events) - set(NOTIFICATION_TYPES))
    if unknown:
        raise InvalidInputError(
            f"{unknown[0][:40]!r} is not an event.",
            hint=f"Choose among {', '.join(NOTIFICATION_TYPES)}.",
            path="events",
        )
    if Webhook.objects.filter(workspace_id=actor.workspace_id).count() >= MOST:
        raise InvalidInputError(f"There are {MOST} webhooks.", hint="Remove one first.", path="url")
    try:
        return check_address(url, allow_private=allow_private)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{url[:100]!r} is not a valid webhook address.",
            hint="Write it as https://host/path, without user, password or query.",
            path="url",
        ) from error


def remove_webhook(actor: Actor, webhook_id: int) -> None:
    """Remove a webhook."""
    found = find_webhook(actor, webhook_id)
    with transaction.atomic():
        _record(actor, EventName.WEBHOOK_REMOVED, found)
        found.delete()


def find_webhook(actor: Actor, webhook_id: int) -> Webhook:
    """Return a webhook of the workspace. Raises NotFoundError."""
    check_right(actor, Right.ADMINISTER)
    found = Webhook.objects.filter(workspace_id=actor.workspace_id, pk=webhook_id).first()
    if found is None:
        raise NotFoundError("There is no such webhook.", hint="Load the page again.")
    return found


def send_again(actor: Actor, delivery_id: int) -> None:
    """Queue a delivery again, whether it had failed for good or had arrived."""
    check_right(actor, Right.ADMINISTER)
    rows = Delivery.objects.filter(pk=delivery_id, webhook__workspace_id=actor.workspace_id)
    if not rows.update(next_at=timezone.now(), attempts=0, error="", delivered_at=None):
        raise NotFoundError("There is no such delivery.", hint="Load the page again.")


def try_webhook(actor: Actor, webhook_id: int) -> str:
    """Send a test event now and return the result as a sentence."""
    hook = find_webhook(actor, webhook_id)
    document: dict[str, object] = {
        "type": "test",
        "timestamp": timezone.now().isoformat(),
        "data": {"words": "A test from Assay."},
    }
    error = _post(hook, f"test-{secrets.token_hex(8)}", document)
    return error or "The test was delivered."


def deliver(delivery: Delivery) -> bool:
    """Make one attempt, and store its result and when the next one is due. Return whether it arrived."""
    event = Event.objects.filter(workspace_id=delivery.webhook.workspace_id, sequence=delivery.sequence).first()
    error = (
        _post(delivery.webhook, f"{delivery.webhook_id}-{delivery.sequence}", _document(event)) if event else "gone"
    )
    now, attempts = timezone.now(), delivery.attempts + 1
    pause = PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=attempts,
        error=error[:500],
        delivered_at=None if error else now,
        next_at=now + timedelta(seconds=pause) if error and pause else None,
    )
    return not error


def _document(event: Event) -> dict[str, object]:
    """Return the payload: the event, its workspace and version, and the text of the notification."""
    reference = f"{event.environment}@{event.number}" if event.number else event.environment
    name = EventName(event.name)
    words = (
        words_of(name, actor=event.actor, reference=reference, detail=event.detail)
        if name in NOTIFICATION_TYPES
        else event.name
    )
    return {
        "type": event.name,
        "timestamp": event.at.isoformat(),
        "data": {
            "workspace": event.workspace.slug,
            "sequence": event.sequence,
            "environment": event.environment,
            "version": event.number,
            "actor": event.actor,
            "words": words,
            "url": f"{settings.PUBLIC_URL}/environments/{event.environment}/{event.number}/" if event.number else "",
        },
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the `webhook-signature` header of a message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def _post(hook: Webhook, message_id: str, document: dict[str, object]) -> str:
    """Send one message; return '' on a 2xx status, else the error."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow import, needed only here

    body, timestamp = json.dumps(document).encode(), str(int(timezone.now().timestamp()))
    network = Network((Index(name="webhook", url=hook.url, allow_private=hook.allow_private),))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Assay",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(decrypt(hook.secret, PURPOSE), message_id, timestamp, body),
    }
    try:
        status = network.send(hook.url, body, headers, seconds=SECONDS)
    except (HTTPError, OSError) as error:
        return f"It cannot be reached: {error}"
    return "" if 200 <= status < 300 else f"It responded with status {status}."  # noqa: PLR2004 - success (RFC 9110)


def _record(actor: Actor, name: EventName, hook: Webhook) -> None:
    detail = {"url": hook.url, "events": hook.events}
    record(name, workspace_id=actor.workspace_id, actor=actor.name, detail=detail)
