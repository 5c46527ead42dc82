"""A real Hub for tests, and a gate that answers what a test wants in place of the approval desk."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import requests
from support.server import free_ports

from assay.core.errors import ForbiddenError
from assay.engine.interface import EnginePaths
from assay.engine.kernels.overlay import BOOT, ensure_shims
from assay.studio import process
from assay.studio.hub_client import HubClient, ServerStatus
from assay.studio.prefix import studio_prefix
from assay.studio.process import hub_command

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")
PATIENCE = 30  # seconds until what a test waits for must have happened
SECRETS = {"gate": "gate-secret", "hub-api": "hub-api-token", "oidc-client": "client-secret"}
PASSWORD = "a password for the sign-in that stands in for the desk's"

REAL = Path(process.__file__).with_name("jupyterhub_config.py")
LAB = {"name": "JupyterLab", "path": "lab", "argv": [], "strips": False}

# The real configuration, but signing in needs no desk.
CONFIG = """
load_subconfig({real!r})
c.JupyterHub.authenticator_class = "jupyterhub.auth.DummyAuthenticator"
c.DummyAuthenticator.password = {password!r}
c.DummyAuthenticator.allow_all = True
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": {wait}}}
"""


def eventually(look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """Return the first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


@dataclass
class Desk:
    """What the approval desk would say, and what it was asked."""

    prefix: Path
    application: dict[str, Any] = field(default_factory=lambda: dict(LAB))
    memory: int = 4 << 30
    variables: dict[str, str] = field(default_factory=dict)
    refusal: tuple[int, bytes] | None = None  # instead of a yes
    asked: list[dict[str, Any]] = field(default_factory=list)
    secrets_shown: set[str] = field(default_factory=set)

    def refuse(self, detail: str, hint: str, status: int = 403) -> None:
        """Say no from now on."""
        self.refusal = (status, json.dumps({"detail": detail, "hint": hint}).encode())

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say yes, in the words of the contract."""
        site = next((studio_prefix() / "lib").glob("python3.*")) / "site-packages"
        paths = EnginePaths(
            environments="", wheels="", checks="", cache="", overlays=str(self.prefix.parent / "overlays")
        )
        python = str(self.prefix / "bin" / "python")
        return {
            "environment": asked["environment"],
            "digest": "d" * 64,
            "prefix": str(self.prefix),
            "path": f"{ensure_shims(paths)}:{self.prefix}/bin",
            "kernel": {
                "argv": [python, str(BOOT), str(site), "-f", "{connection_file}"],
                "env": {
                    "VIRTUAL_ENV": str(self.prefix),
                    "ASSAY_ENVIRONMENT": asked["environment"],
                    "ASSAY_NEW_VERSION": "http://127.0.0.1:1/environments/geo/",
                    **self.variables,
                },
                "display_name": asked["environment"],
            },
            "notice": "",
            "application": self.application,
            "size": {"name": "small", "memory": self.memory, "processors": 1},
        }

    def choices(self, user: str) -> dict[str, Any]:
        """List what may be started; one title wants to be a script."""
        return {
            "items": [
                {"environment": "geo@4", "title": "<script>alert(1)</script>", "kind": "published"},
                {"environment": "mine@1", "title": f"A draft of {user}", "kind": "personal"},
            ]
        }


def serve_desk(desk: Desk) -> ThreadingHTTPServer:
    """Answer as the desk on a free port of loopback."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._shown()
            user = parse_qs(urlsplit(self.path).query)["user"][0]
            self._say(200, json.dumps(desk.choices(user)).encode())

        def do_POST(self) -> None:
            self._shown()
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            desk.asked.append(asked)
            if self.path == "/api/v1/imports":
                self._say(202, b"{}")
            elif desk.refusal is not None:
                self._say(*desk.refusal)
            else:
                self._say(200, json.dumps(desk.answer(asked)).encode())

        def _shown(self) -> None:
            desk.secrets_shown.add(self.headers["Authorization"])

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


class Studio:
    """A running Hub. It answers a start after `wait` seconds, if it is not refused before."""

    def __init__(
        self, home: Path, desk_port: int, idle_minutes: float = 240, prepared: int = 0, wait: float = 0.25
    ) -> None:
        self.home, self.desk_port, self.wait = home, desk_port, wait
        port = free_ports(3)
        self.url = f"http://localhost:{port}"
        self.client = HubClient(self.url, SECRETS["hub-api"])
        (home / "secrets").mkdir(parents=True)
        for name, value in SECRETS.items():
            (home / "secrets" / name).write_text(value)
        argv, variables = hub_command(
            SimpleNamespace(
                HOME=home,
                PORT=desk_port,
                HUB_PORT=port,
                HUB_URL=self.url,
                IDLE_MINUTES=idle_minutes,
                PREPARED_SERVERS=prepared,
                PUBLIC_URL=f"http://127.0.0.1:{desk_port}",
            )
        )
        config = self.configure(port, desk_port)
        self.log = home / "hub.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*argv[:-1], str(config)],
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(self._answers)

    def configure(self, port: int, desk_port: int) -> Path:
        """Write the configuration: the real one, but for the sign-in."""
        del port, desk_port
        config = self.home / "config.py"
        config.write_text(CONFIG.format(real=str(REAL), password=PASSWORD, wait=self.wait))
        return config

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return self.client.health()

    def start(self, name: str, server: str, environment: str = "geo@4") -> None:
        """Ask for a server, as the approval desk does."""
        self.client.ensure_user(name)
        self.client.start(name, server, {"environment": environment, "server": server})

    def refused(self, name: str, server: str) -> str:
        """Ask for a server that the desk refuses, and return why: at once, or later from a Hub that is busy."""
        with suppress(ForbiddenError):
            self.start(name, server)
        return self.seen(name, server, "failed").message

    def seen(self, name: str, server: str, state: str) -> ServerStatus:
        """Wait until a server is in a state."""

        def look() -> ServerStatus | None:
            seen = self.client.status(name, server)
            return seen if seen.state == state else None

        found = eventually(look)
        assert found is not None
        return found

    def stop(self, name: str, server: str) -> None:
        """Stop a server and wait for its end."""
        self.client.stop(name, server)
        self.seen(name, server, "stopped")

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:  # noqa: ANN401 - passed on
        """Call the Hub, or a server behind it, with the desk's token."""
        headers = {"Authorization": f"token {SECRETS['hub-api']}"}
        return requests.request(method, self.url + path, headers=headers, timeout=PATIENCE, **arguments)

    def browser(self, name: str) -> requests.Session:
        """Return a signed-in browser without JavaScript."""
        session = requests.Session()
        session.get(f"{self.url}/hub/login", timeout=PATIENCE)
        form = {"username": name, "password": PASSWORD, "_xsrf": session.cookies["_xsrf"]}
        answer = session.post(f"{self.url}/hub/login", data=form, allow_redirects=False, timeout=PATIENCE)
        assert answer.status_code == 302, answer.text
        return session

    def processes(self) -> dict[int, str]:
        """Return every process that was started for this home, by pid, with its command line."""
        found = {}
        mark = str(self.home).encode()
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                command = (directory / "cmdline").read_bytes()
                if mark in command or mark in (directory / "environ").read_bytes():
                    found[int(directory.name)] = command.replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def end(self) -> None:
        """End the Hub, as `assay up` does."""
        self.process.terminate()
        self.process.wait(PATIENCE)
