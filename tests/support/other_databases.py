"""Databases beside the one of the tests, which Django's tests do not let anybody connect to."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper


@pytest.fixture
def other_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test connect to any database."""

    def connect(wrapper: Any) -> None:  # noqa: ANN401 - of Django
        if wrapper.connection is None:
            with wrapper.wrap_database_errors:
                wrapper.connect()

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", connect)
