"""`/secrets`: values that one gives to one's runs by name."""

from __future__ import annotations

from typing import Any

from ninja import Router, Status

from assay.api.access import Caller, needs
from assay.api.documents import secret_document
from assay.api.schemas import SecretIn
from assay.core.roles import Right
from assay.flow.launch import secrets
from assay.runtimes.run_settings import check_secret_names

router = Router(tags=["runtimes"])


@router.get("/secrets", response=dict[str, Any])
@needs(Right.COMPOSE)
def list_secrets(request: Caller, workspace: str) -> dict[str, Any]:
    """List the names of the caller's secrets."""
    return {"items": [secret_document(one) for one in secrets.list_secrets(request.actor)], "next": None}


@router.put("/secrets/{name}", response=dict[str, Any])
@needs(Right.COMPOSE)
def keep(request: Caller, workspace: str, name: str, body: SecretIn) -> dict[str, Any]:
    """Keep a secret, replacing the one before it."""
    check_secret_names((name,))
    return secret_document(secrets.set_secret(request.actor, name, body.value))


@router.delete("/secrets/{name}", response={204: None})
@needs(Right.COMPOSE)
def forget(request: Caller, workspace: str, name: str) -> Status[None]:
    """Remove a secret; runs that name it fail and say so."""
    secrets.remove_secret(request.actor, name)
    return Status(204, None)
