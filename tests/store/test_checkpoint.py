"""The worker moves SQLite's log into the database; requests do not."""

from __future__ import annotations

import pytest
from django.db import connection
from support.people import person

from assay.store.checkpoint import move_log

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_log_is_moved_by_the_worker() -> None:
    """All of it, when nobody reads it; PostgreSQL does this itself."""
    person("ana")
    assert not move_log()
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_autocheckpoint")
        assert cursor.fetchone() == (20_000,)
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
        busy, pages, moved = cursor.fetchone()
        assert busy == 0
        assert pages == moved
