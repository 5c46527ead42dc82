"""Whether the database changed: by this connection, by another one, and after a reconnection."""

from __future__ import annotations

import threading
from typing import Any, Self

import pytest
from django.db import DatabaseError, connection
from support.people import person

from assay.store import changes
from assay.store.changes import Changes
from assay.store.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(action: Any) -> None:  # noqa: ANN401 - what to do
    """Do something with another connection."""

    def run() -> None:
        action()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_what_is_written_is_seen_once() -> None:
    """By whoever; what is only read is no change."""
    seen = Changes()
    assert seen.look()
    assert not seen.look()
    person("ana")
    assert seen.look()
    assert not seen.look()
    elsewhere(lambda: Workspace.objects.update(title="Other"))
    assert seen.look()
    elsewhere(lambda: list(Workspace.objects.all()))
    assert not seen.look()


def test_after_a_reconnection_anything_may_have_changed() -> None:
    """The count of a connection says nothing about another one."""
    seen = Changes()
    seen.look()
    connection.close()
    assert seen.look()


class _Cursor:
    def __init__(self, answers: list[object]) -> None:
        self.answers = answers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, _: str) -> None:
        if isinstance(self.answers[0], Exception):
            raise self.answers.pop(0)

    def fetchone(self) -> object:
        return self.answers.pop(0)


def test_where_the_server_does_not_tell_everything_counts_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the worker asks as often as it did before."""
    answers: list[object] = [("0/1",), ("0/1",), DatabaseError(), DatabaseError(), ("0/2",)]
    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(changes.connection, "cursor", lambda: _Cursor(answers), raising=False)
    seen = Changes()
    assert [seen.look() for _ in range(5)] == [True, False, True, True, True]
