"""The real thing for tests: `assay up` on free ports, in a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.database import start_migrated

ROOT = Path(__file__).resolve().parents[2]
ASSAY = [sys.executable, "-m", "assay.cli.main"]
PASSWORD = "a-long-password-1"


@dataclass
class Desk:
    """A running approval desk."""

    url: str
    home: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    assay: list[str] = field(default_factory=lambda: ASSAY)

    def command(self, *arguments: str, given: str = "") -> str:
        """Run an `assay` command beside it and return what it printed."""
        done = subprocess.run(
            [*self.assay, *arguments], env=self.env, input=given, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def person(self, name: str, role: str) -> None:
        """Make an account with the tests' password."""
        self.command("admin", "create-user", name, "--role", role, given=PASSWORD + "\n")

    def people(self, roles: dict[str, str]) -> dict[str, str]:
        """Make accounts with the tests' password in one process; return a token of each."""
        return make_people(self.env, roles)

    def token(self, name: str) -> str:
        """Return a new token of a person."""
        return self.command("admin", "token", name)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def free_ports(amount: int) -> int:
    """Return the first of so many consecutive free ports, below those that systems give to clients."""
    while True:
        start = random.randrange(20_000, 30_000, 10)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for offset in range(amount):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", start + offset))
            return start


def variables(home: Path, port: int) -> dict[str, str]:
    """Return the environment of a desk's commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ASSAY_", "DJANGO_"))}
    # Tests must not download the names of a whole index, nor all advisories.
    quiet = {"ASSAY_NAMES_HOURS": "0", "ASSAY_ADVISORIES": "off"}
    return {**kept, **quiet, "ASSAY_HOME": str(home), "PORT": str(port)}


def make_people(env: dict[str, str], roles: dict[str, str]) -> dict[str, str]:
    """Make accounts in the installation of these variables; return a token of each."""
    done = subprocess.run(
        [sys.executable, "-m", "support.accounts"],
        env={**env, "PYTHONPATH": str(ROOT / "tests")},
        input=json.dumps(roles),
        capture_output=True,
        text=True,
        check=True,
    )
    tokens: dict[str, str] = json.loads(done.stdout)
    return tokens


@contextlib.contextmanager
def running(home: Path, assay: list[str] = ASSAY, seconds: int = 240, **changed: str) -> Iterator[Desk]:
    """Start everything in a home; end every process of it. Fails when it does not answer in time."""
    port = free_ports(7)
    env = {**variables(home, port), **changed}
    if assay == ASSAY and not home.exists():
        start_migrated(home)
    log = home.parent / f"{home.name}.log"
    with log.open("ab") as out:
        process = subprocess.Popen([*assay, "up"], env=env, stdout=out, stderr=out, cwd=home.parent)
    desk = Desk(url=f"http://127.0.0.1:{port}", home=home, env=env, process=process, log=log, assay=assay)
    try:
        _wait(f"{desk.url}/healthz", process, log, seconds)
        _wait(f"http://localhost:{port + 1}/hub/api/", process, log, seconds)
        yield desk
    finally:
        if process.poll() is None:
            desk.stop()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer\n{log.read_text()}")
