"""`/secrets`: values that your runs receive by name."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.documents import secret_document
from assay.api.schemas import SecretIn
from assay.core.errors import UnavailableError
from assay.core.roles import Right
from assay.flow.launch import secrets
from assay.runtimes.run_settings import check_secret_names

router = Router(tags=["Runtimes"])


@router.get("/secrets", response=dict[str, Any])
@needs(Right.COMPOSE)
def list_secrets(request: Caller, workspace: str) -> dict[str, Any]:
    """List the names of your secrets."""
    return {"items": [secret_document(one) for one in secrets.list_secrets(request.actor)], "next": None}


@router.put("/secrets/{name}", response=dict[str, Any])
@needs(Right.COMPOSE)
@raises(UnavailableError)
def keep(request: Caller, workspace: str, name: str, body: SecretIn) -> dict[str, Any]:
    """Set a secret.

    Replaces the value that it had. The value is never returned.
    """
    check_secret_names((name,))
    return secret_document(secrets.set_secret(request.actor, name, body.value))


@router.delete("/secrets/{name}", response={204: None})
@needs(Right.COMPOSE)
def forget(request: Caller, workspace: str, name: str) -> Status[None]:
    """Delete a secret.

    Runs that use it fail with an error that names it.
    """
    secrets.remove_secret(request.actor, name)
    return Status(204, None)
