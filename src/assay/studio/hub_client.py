"""A client of the Hub's REST API: start, check and stop servers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from assay.core.errors import ForbiddenError, UnavailableError
from assay.flow.work_slots import waiting

TIMEOUT = 10  # seconds
SLOW = 20  # seconds for a start or a stop: a Hub answers after its `slow_…_timeout`, 10 s unless it is set
SERVER_TIMEOUT = 2  # seconds for a response of a server
PROGRESS_SECONDS = 0.2  # to read the progress events of a starting server


@dataclass(frozen=True, kw_only=True)
class ServerStatus:
    """The status of a server in the Hub. `state`: starting, ready, failed or stopped; `progress` 0 to 100."""

    state: str
    progress: int
    message: str
    address: str = ""
    last_activity: datetime | None = None


class HubClient:
    """A client with the address of a Hub and the token of Assay's service."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._token = token

    def ensure_user(self, name: str) -> None:
        """Create the person in the Hub if needed."""
        if not self._fetch("GET", f"/users/{quote(name)}", accept=(200, 404)):
            self._fetch("POST", f"/users/{quote(name)}", accept=(201, 409))  # 409: another request was faster

    def start(self, name: str, server: str, options: dict[str, str]) -> None:
        """Start a server. Raises ForbiddenError with the gate's reason for a refusal."""
        self._call("POST", f"/users/{quote(name)}/servers/{quote(server)}", options, accept=(201, 202))

    def stop(self, name: str, server: str) -> None:
        """Stop a server and remove its name."""
        self._call(
            "DELETE",
            f"/users/{quote(name)}/servers/{quote(server)}",
            {"remove": True},
            accept=(202, 204, 404),
        )

    def status(self, name: str, server: str) -> ServerStatus:
        """Return the status of a server."""
        user = self._call("GET", f"/users/{quote(name)}?include_stopped_servers", accept=(200, 404)) or {}
        found = user.get("servers", {}).get(server)
        if found is None:
            return ServerStatus(state="stopped", progress=0, message="")
        if found.get("ready"):
            used = datetime.fromisoformat(found["last_activity"]) if found.get("last_activity") else None
            address = f"{self.url}{found['url']}"
            return ServerStatus(state="ready", progress=100, message="Ready", address=address, last_activity=used)
        if found.get("pending") == "spawn":
            return self._starting(name, server, f"{self.url}{found['url']}")
        if found.get("pending") == "stop":
            return ServerStatus(state="starting", progress=50, message="The server is stopping")
        return self._ended(name, server)

    def http_status(self, address: str) -> int | None:
        """Return the HTTP status of a server's response, None without a response."""
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - an address from the Hub
        try:
            with waiting(), urllib.request.urlopen(request, timeout=SERVER_TIMEOUT) as response:  # noqa: S310 - as above
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, HTTPException):
            return None

    def is_busy(self, name: str, server: str) -> bool:
        """Return whether a kernel of a server is busy; False for a server that does not respond."""
        headers = {"Authorization": f"token {self._token}"}
        address = f"{self.url}/user/{quote(name)}/{quote(server)}/api/kernels"
        request = urllib.request.Request(address, headers=headers)  # noqa: S310 - the Hub's address is a setting
        try:
            with waiting(), urllib.request.urlopen(request, timeout=SERVER_TIMEOUT) as response:  # noqa: S310 - as above
                return any(one["execution_state"] == "busy" for one in json.loads(response.read()))
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            return False

    def _starting(self, name: str, server: str, address: str) -> ServerStatus:
        """Return the last progress event of a starting server; the Hub streams them, so read for a moment."""
        path = f"{self.url}/hub/api/users/{quote(name)}/servers/{quote(server)}/progress"
        request = urllib.request.Request(path, headers={"Authorization": f"token {self._token}"})  # noqa: S310 - as above
        event: dict[str, Any] = {}
        try:
            with waiting(), urllib.request.urlopen(request, timeout=PROGRESS_SECONDS) as stream:  # noqa: S310 - as above
                for line in stream:
                    if line.startswith(b"data:"):
                        event = json.loads(line.removeprefix(b"data:"))
        except (OSError, HTTPException, ValueError):
            pass  # no more events for now
        if event.get("failed"):
            return ServerStatus(state="failed", progress=0, message=_without_prefix(event))
        if event.get("ready"):
            return ServerStatus(state="ready", progress=100, message="Ready", address=address)
        message = str(event.get("message") or "The server is starting")
        return ServerStatus(state="starting", progress=int(event.get("progress") or 0), message=message)

    def _ended(self, name: str, server: str) -> ServerStatus:
        """Return whether a server without a process failed to start or was stopped."""
        path = f"/users/{quote(name)}/servers/{quote(server)}/progress"
        lines = self._fetch("GET", path, accept=(200, 400, 404)).decode().splitlines()
        events = [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]
        if events and events[-1].get("failed"):
            return ServerStatus(state="failed", progress=0, message=_without_prefix(events[-1]))
        return ServerStatus(state="stopped", progress=0, message="")

    def health(self) -> bool:
        """Return whether the Hub responds."""
        try:
            self._call("GET", "/", accept=(200,))
        except (UnavailableError, ForbiddenError):
            return False
        return True

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, accept: tuple[int, ...]
    ) -> dict[str, Any]:
        text = self._fetch(method, path, body, accept=accept)
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def _fetch(self, method: str, path: str, body: dict[str, Any] | None = None, *, accept: tuple[int, ...]) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the Hub's address is a setting
            f"{self.url}/hub/api{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self._token}", "Content-Type": "application/json"},
        )
        timeout = TIMEOUT if method == "GET" else SLOW
        try:
            with waiting(), urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310 - as above
                text: bytes = response.read()
        except urllib.error.HTTPError as error:
            if error.code in accept:
                return b""
            raise _refusal(error) from error
        except (OSError, HTTPException) as error:
            raise UnavailableError("Studio does not respond.", hint="Try again in a moment.") from error
        return text


def _without_prefix(event: dict[str, Any]) -> str:
    return str(event.get("message", "")).removeprefix("Spawn failed: ")


def _refusal(error: urllib.error.HTTPError) -> ForbiddenError | UnavailableError:
    try:
        message = str(json.loads(error.read())["message"])
    except (ValueError, KeyError, TypeError):
        message = f"Studio responded with status {error.code}."
    if error.code in {400, 403, 404}:
        return ForbiddenError(message, hint="Choose another environment.")
    return UnavailableError(message, hint="Try again in a moment.")
