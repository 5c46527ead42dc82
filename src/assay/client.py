"""An HTTP client of the API, for the commands and for notebooks."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from assay.core.errors import AssayError, NotSignedInError, UnavailableError

TIMEOUT = 120  # seconds


class RemoteError(AssayError):
    """The server answered with an error."""

    code = "refused"


class Client:
    """A client of one workspace, with one token."""

    def __init__(self, url: str, token: str, workspace: str = "default") -> None:
        self.root = f"{url.rstrip('/')}/api/v1/workspaces/{workspace}"
        self._token = token

    @classmethod
    def from_environment(cls) -> Client:
        """Read `ASSAY_URL` and `ASSAY_TOKEN`. Raises NotSignedInError when there is no token."""
        token = os.environ.get("ASSAY_TOKEN", "")
        if not token:
            raise NotSignedInError(
                "ASSAY_TOKEN is not set.", hint="Create a token on your account page and run: export ASSAY_TOKEN=…"
            )
        url = os.environ.get("ASSAY_URL", "http://127.0.0.1:8000")
        return cls(url, token, os.environ.get("ASSAY_WORKSPACE", "default"))

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Call the API; return JSON, or text for other media types. Raises RemoteError, UnavailableError."""
        request = urllib.request.Request(  # noqa: S310 - the address is the user's own setting
            self.root + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
                text = answer.read().decode()
                is_json = "json" in answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as error:
            raise _refusal(error) from error
        except OSError as error:
            raise UnavailableError(
                f"{self.root} does not answer.", hint="Check that the server runs and that ASSAY_URL is right."
            ) from error
        return json.loads(text) if is_json and text else text

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Send a GET request."""
        return self.call("GET", path)

    def get_all(self, path: str) -> list[dict[str, Any]]:
        """Return the items of a list, of all its pages. `path` has a query, which `cursor` is added to."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}&cursor={cursor}")
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
        """Send a POST request."""
        return self.call("POST", path, body or {})

    def put(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Send a PUT request."""
        return self.call("PUT", path, body)


def _refusal(error: urllib.error.HTTPError) -> RemoteError:
    try:
        problem = json.loads(error.read())
        return RemoteError(problem["detail"], hint=problem["hint"], path=problem.get("path"))
    except (ValueError, KeyError):
        return RemoteError(f"The server answered with status {error.code}.", hint="See the log of the server.")
