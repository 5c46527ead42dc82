"""Two web processes on one database: what is taken away counts at the next request, whichever of them answers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.database import migrated
from support.server import ASSAY, free_ports

SET_UP = """
from assay.server.setup import prepare
prepare()
from assay.core.roles import Role
from assay.flow.people import create_person, create_token, ensure_workspace
ensure_workspace()
ana = create_person("ana", "a-long-password-1", Role.REVIEWER)
print(create_token(ana, "tests").secret)
"""
REQUESTS = 12  # each over a connection of its own, which either process may take
LIST, WAIVERS = "environments", "waivers"  # what a viewer may see, and what only a reviewer may


@dataclass
class Served:
    """A web server with two processes."""

    url: str
    home: Path
    token: str

    def statuses(self, path: str) -> set[int]:
        """Ask several times at once, and return the different statuses."""
        return {self._status(path) for _ in range(REQUESTS)}

    def _status(self, path: str) -> int:
        address = f"{self.url}/api/v1/workspaces/default/{path}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                json.load(answer)
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def change(self, statement: str) -> None:
        """Change the database as another process would."""
        with closing(sqlite3.connect(self.home / "assay.sqlite3", timeout=20)) as database, database:
            database.execute(statement)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Start the web server alone, on a copy of the migrated database."""
    shutil.copyfile(migrated(), tmp_path / "assay.sqlite3")
    port = free_ports(5)
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    env = {**own, "ASSAY_HOME": str(tmp_path), "PORT": str(port), "ASSAY_WEB_PROCESSES": "2"}
    told = subprocess.run([sys.executable, "-c", SET_UP], env=env, capture_output=True, text=True, check=True)
    server = subprocess.Popen([*ASSAY, "serve"], env=env, stderr=subprocess.DEVNULL)
    try:
        found = Served(url=f"http://127.0.0.1:{port}", home=tmp_path, token=told.stdout.split()[-1])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{found.url}/healthz", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        assert (
            len([pid for pid in children if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()])
            == 2
        )
        yield found
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def test_what_is_taken_away_counts_at_the_next_request(served: Served) -> None:
    """A role, a membership and a token: neither process remembers what it read before."""
    assert served.statuses(LIST) == served.statuses(WAIVERS) == {200}
    served.change("UPDATE store_membership SET role = 'viewer'")
    assert served.statuses(WAIVERS) == {403}
    assert served.statuses(LIST) == {200}
    served.change("UPDATE store_membership SET role = 'reviewer'")
    assert served.statuses(WAIVERS) == {200}
    served.change("UPDATE store_apitoken SET revoked_at = created_at")
    assert served.statuses(LIST) == {401}
    served.change("UPDATE store_apitoken SET revoked_at = NULL")
    served.change("DELETE FROM store_membership")
    assert served.statuses(LIST) == {404}
