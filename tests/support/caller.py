"""Somebody who calls the API with a token."""

from __future__ import annotations

from typing import Any

from django.test import Client

from assay.core.roles import Actor, Right
from assay.flow.people import create_token, find_person

ROOT = "/api/v1/workspaces/default"


class Caller:
    """Somebody with a token."""

    def __init__(self, actor: Actor, scope: Right = Right.ADMINISTER) -> None:
        secret = create_token(find_person(actor.name), "tests", scope=scope).secret
        self.client = Client(headers={"authorization": f"Bearer {secret}"})

    def get(self, path: str) -> Any:  # noqa: ANN401 - a response
        """GET below the workspace."""
        return self.client.get(ROOT + path)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - a response
        """POST below the workspace."""
        return self.client.post(ROOT + path, body or {}, content_type="application/json")

    def put(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - a response
        """PUT below the workspace."""
        return self.client.put(ROOT + path, body, content_type="application/json")
