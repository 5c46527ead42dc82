"""Whether anything was written to the database since the last look: one cheap question instead of many queries."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection


class Changes:
    """What one thread has seen of the database. A change counts once it is committed."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._seen: Any = None

    def look(self) -> bool:
        """Return whether anything was written since the last look; True at the first, and where nobody can tell."""
        connection.ensure_connection()
        before, seen = self._connection, self._seen
        self._connection = connection.connection
        self._seen = _sqlite(self._connection) if connection.vendor == "sqlite" else _postgresql()
        return before is not self._connection or seen != self._seen

    def skip_own(self) -> None:
        """Leave out what this connection has written since the last look. PostgreSQL cannot tell who wrote."""
        raw = self._connection
        if connection.vendor == "sqlite" and raw is not None and raw is connection.connection:
            self._seen = self._seen[0], raw.total_changes


def _sqlite(raw: Any) -> object:  # noqa: ANN401 - a connection of the driver
    """Return what other connections (`data_version`) and this one have committed: a few microseconds."""
    return raw.execute("PRAGMA data_version").fetchone()[0], raw.total_changes


def _postgresql() -> object:
    """Return the end of the write-ahead log, which every change moves."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_wal_insert_lsn()")
            return cursor.fetchone()
    except DatabaseError:  # e.g. a service that does not offer the function
        return object()
