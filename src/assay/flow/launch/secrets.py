"""Secrets for runs: encrypted at rest, visible only to the run that names them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from assay.core.errors import InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.store.audit_log import record
from assay.store.encryption import decrypt, encrypt
from assay.store.models import Secret

PURPOSE = "secret of runs"
LONGEST = 32 * 1024  # characters of one value
SHORTEST = 4  # characters; masking anything shorter in a log would mask much else


def set_secret(actor: Actor, name: str, value: str) -> Secret:
    """Store a secret under a name, replacing an earlier value. The caller checks the name."""
    check_right(actor, Right.COMPOSE)
    if not SHORTEST <= len(value) <= LONGEST or "\0" in value:
        raise InvalidInputError(
            f"A secret has {SHORTEST} to {LONGEST} characters.", hint="Check what you pasted.", path="value"
        )
    with transaction.atomic():
        secret, _ = Secret.objects.update_or_create(
            workspace_id=actor.workspace_id,
            owner_id=actor.id,
            name=name,
            defaults={"encrypted_value": encrypt(value, PURPOSE), "updated_at": timezone.now()},
        )
        _record(EventName.SECRET_SET, actor, name)
    return secret


def remove_secret(actor: Actor, name: str) -> None:
    """Remove a secret. Runs that use it fail with an error that names it. Raises NotFoundError."""
    check_right(actor, Right.COMPOSE)
    with transaction.atomic():
        removed, _ = Secret.objects.filter(workspace_id=actor.workspace_id, owner_id=actor.id, name=name).delete()
        if not removed:
            raise NotFoundError(f"You have no secret {name[:64]!r}.", hint="Check the name.")
        _record(EventName.SECRET_REMOVED, actor, name)


def list_secrets(actor: Actor) -> list[Secret]:
    """Return the actor's own secrets ordered by name, without their values."""
    found = Secret.objects.filter(workspace_id=actor.workspace_id, owner_id=actor.id)
    return list(found.defer("encrypted_value").order_by("name"))


def check_secrets_exist(actor: Actor, wanted: Iterable[str], path: str = "secrets") -> None:
    """Raise InvalidInputError unless the actor has a secret of each name."""
    missing = sorted(set(wanted) - {one.name for one in list_secrets(actor)})
    if missing:
        raise InvalidInputError(
            f"You have no secret {missing[0][:64]!r}.", hint="Create it first, then name it here.", path=path
        )


def secret_values(workspace_id: int, owner_id: int, wanted: Iterable[str]) -> dict[str, str]:
    """Return the values by name, for one run. Raises NotFoundError for a removed secret, UnavailableError."""
    found = {
        one.name: one.encrypted_value
        for one in Secret.objects.filter(workspace_id=workspace_id, owner_id=owner_id, name__in=list(wanted))
    }
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise NotFoundError(
            f"The secret {missing[0]!r} was removed.", hint="Create it again, or remove its name from the project."
        )
    return {name: decrypt(sealed, PURPOSE) for name, sealed in found.items()}


def _record(name: EventName, actor: Actor, secret: str) -> None:
    record(name, workspace_id=actor.workspace_id, actor=actor.name, detail={"secret": secret})
