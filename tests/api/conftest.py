"""Every answer in these tests is one that OpenAPI declares."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assay.api.app import api

PREFIX = "/api/v1/"


@pytest.fixture(autouse=True)
def _only_declared_statuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test whose request to the API is answered with a status that its operation does not declare."""
    document = api.get_openapi_schema()
    declared: dict[tuple[str, str], set[int]] = {}
    for methods in document["paths"].values():
        for method, operation in methods.items():
            declared[method, operation["operationId"]] = {int(one) for one in operation["responses"]}
    original = Client.request

    def request(self: Client, **given: Any) -> Any:  # noqa: ANN401 - Django's own signature
        answer = original(self, **given)
        match, method = answer.resolver_match, given["REQUEST_METHOD"].lower()
        if given["PATH_INFO"].startswith(PREFIX) and match and hasattr(match.func, "__self__"):
            view = match.func.__self__
            operation = next((one for one in view.operations if method.upper() in one.methods), None)
            if operation is not None:
                statuses = declared[method, api.get_openapi_operation_id(operation)]
                assert answer.status_code in statuses, (method, given["PATH_INFO"], answer.content)
        return answer

    monkeypatch.setattr(Client, "request", request)
