"""SQLite's write-ahead log is moved into the database by the worker, so that no request waits for the disk meanwhile.

A commit that finds 1,000 pages in the log moves them itself, unless it is told otherwise; with a large database that
takes up to seconds (https://sqlite.org/wal.html, "Automatic Checkpoint").
"""

from __future__ import annotations

from django.db import connection


def move_log() -> bool:
    """Move what is in the log and needed by nobody; writers go on. Returns False: it leaves no work."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:  # within one, SQLite refuses it
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            cursor.fetchall()
    return False
