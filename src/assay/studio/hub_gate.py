"""Inside the Hub: Assay's check of every start, by form, query string or REST.

Uses only public hooks (`options_form`, `options_from_form="simple"`, `apply_user_options`), so it works with any
Spawner. Runs in the Hub's prefix: standard library, tornado and jupyterhub.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.web import HTTPError

TIMEOUT = 10  # seconds for a response of Assay
# All servers share one prefix: no update checks or news there.
# There is only one kernel, so reopened notebooks start it without asking.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True},
}
# Only one kernel, even if the server's prefix has others.
SERVER = {
    "KernelSpecManager": {"ensure_native_kernel": False, "allowed_kernelspecs": ["python3"]},
    "HubOAuth": {"cache_max_age": 10},  # seconds until a sign-out takes effect
}
# Not needed: the Hub's proxy already leads to each server.
LAB_PAGE = {"disabledExtensions": {"@jupyterhub/jupyter-server-proxy": True}}
NOTEBOOK, PROXY = "jupyterhub-singleuser", "jupyter-standaloneproxy"
OPTIONS = {"environment", "server"}
NOT_STARTED = "so the server was not started"


class Gate:
    """A client of Assay that authorizes and prepares servers."""

    def __init__(self, url: str, secret: str, home: str) -> None:
        self.url, self._secret, self.home = url.rstrip("/"), secret, Path(home)

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call Assay. Raises HTTPError with a message for the person; no response counts as a refusal."""
        request = HTTPRequest(
            self.url + path,
            method=method,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"},
            request_timeout=TIMEOUT,
            connect_timeout=TIMEOUT,
            follow_redirects=False,  # the secret is for Assay only
        )
        try:
            response = await AsyncHTTPClient().fetch(request)
            found: dict[str, Any] = json.loads(response.body)
        except HTTPClientError as error:
            raise _refused(_error_text(error)) from error
        except OSError as error:
            raise _refused(f"Assay does not respond, {NOT_STARTED}. Try again in a moment.") from error
        except ValueError as error:
            raise _refused(f"Assay sent an invalid response, {NOT_STARTED}.") from error
        return found

    async def form(self, spawner: Any) -> str:  # noqa: ANN401 - a Spawner of any kind
        """Return the Hub's form with the environments that this person may start."""
        found = await self.call("GET", f"/studio/environments?user={quote(spawner.user.name)}")
        options = "".join(
            f'<option value="{html.escape(one["environment"])}">'
            f"{html.escape(one['environment'])} · {html.escape(one['title'])}"
            f"{' (personal draft)' if one['kind'] == 'personal' else ''}</option>"
            for one in found["items"]
        )
        return (
            '<label for="environment">Environment</label>'
            f'<select class="form-control" id="environment" name="environment" required>{options}</select>'
        )

    async def apply(self, spawner: Any, options: dict[str, Any]) -> None:  # noqa: ANN401 - a Spawner of any kind
        """Authorize a start and prepare the server. Raises HTTPError with the reason for a refusal."""
        problem = _options_problem(options, spawner.name)
        if problem:
            raise _refused(f"The server was not started: {problem}. Start it from the launch page.")
        body = {"user": spawner.user.name, "server": "", **options}
        answer = await self.call("POST", "/studio/gate", body)
        try:
            self.prepare(spawner, answer)
        except (KeyError, TypeError) as error:
            raise _refused(f"Assay sent an invalid response, {NOT_STARTED}.") from error

    def prepare(self, spawner: Any, answer: dict[str, Any]) -> None:  # noqa: ANN401 - as above
        """Set the server's home, size and application, and its only kernel: the environment's."""
        home = self.home / "homes" / safe(spawner.user.name)
        kernels = self.home / "hub" / "kernels" / f"{safe(spawner.user.name)}-{safe(spawner.name or 'default')}"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {
            **answer["kernel"]["env"],
            "PATH": f"{answer['path']}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONNOUSERSITE": "1",
            "PYTHONPYCACHEPREFIX": str(home / ".cache" / "pycache"),
        }
        _write_kernel(kernels, answer, variables)
        spawner.notebook_dir = str(home)
        spawner.mem_limit = answer["size"]["memory"]
        spawner.cpu_limit = answer["size"]["processors"]
        spawner.environment = {
            **spawner.environment,
            "HOME": str(home),
            "JUPYTER_PATH": str(kernels),
            "JUPYTER_CONFIG_PATH": str(kernels),
            "JUPYTER_PREFER_ENV_PATH": "0",
            # Open documents are kept per environment, so that parallel servers do not overwrite each other's.
            "JUPYTERLAB_WORKSPACES_DIR": str(home / ".jupyter" / "lab" / f"workspaces-{_slug(answer)}"),
            **_terminal_variables(answer["kernel"]["env"]),
            "ASSAY_PATH": answer["path"],
            "ASSAY_ENVIRONMENT": answer["environment"],
            "ASSAY_DIGEST": answer["digest"],
        }
        _set_command(spawner, answer["application"], variables)


def _slug(answer: dict[str, Any]) -> str:
    return safe(answer["environment"].partition("@")[0])


def _terminal_variables(kernel: dict[str, str]) -> dict[str, str]:
    """Return a kernel's variables for the server, whose terminals have them; its own PYTHONPATH must stay."""
    found = dict(kernel)
    return {"ASSAY_PYTHONPATH": found.pop("PYTHONPATH", ""), **found}


def _write_kernel(folder: Path, answer: dict[str, Any], variables: dict[str, str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    kernel = folder / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {
        "argv": answer["kernel"]["argv"],
        "display_name": answer["kernel"]["display_name"],
        "language": "python",
        "env": variables,
        "metadata": {"debugger": True, "assay": {"digest": answer["digest"]}},
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    (folder / "jupyter_server_config.json").write_text(json.dumps(SERVER))
    (folder / "labconfig").mkdir()
    (folder / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS))
    (folder / "labconfig" / "page_config.json").write_text(json.dumps(LAB_PAGE))


def _set_command(spawner: Any, application: dict[str, Any], variables: dict[str, str]) -> None:  # noqa: ANN401 - a Spawner of any kind
    """Make the server a notebook server, or an application behind the proxy that requires the Hub's sign-in."""
    if not hasattr(spawner, "assay_command"):  # keep the configured command: a spawner object is reused
        spawner.assay_command = list(spawner.cmd), list(spawner.args)
    own, arguments = spawner.assay_command
    if not application["argv"]:
        spawner.cmd, spawner.args = own, arguments
        spawner.default_url = f"/{application['path']}"
        return
    absolute = [] if application["strips"] else ["--absolute-url"]
    settings = [f"{name}={value}" for name, value in variables.items()]
    runner = own[:-1] if own[-1] == NOTEBOOK else []
    command = [PROXY, "--timeout=60", *absolute, "--", "/usr/bin/env", *_escape_braces(settings)]
    spawner.cmd, spawner.args = [*runner, *command, *application["argv"]], []
    spawner.default_url = ""


def _escape_braces(arguments: list[str]) -> list[str]:
    """Escape braces, so that the proxy does not treat them as placeholders."""
    return [one.replace("{", "{{").replace("}", "}}") for one in arguments]


def _options_problem(options: dict[str, Any], server: str) -> str:
    """Return why options are invalid, '' for valid ones: one environment, and at most this server's name."""
    unknown = ", ".join(sorted(set(options) - OPTIONS))
    if unknown:
        return f"unknown options: {unknown}"
    environment = options.get("environment")
    if not isinstance(environment, str) or not environment:
        return "no environment was chosen"
    return "" if options.get("server", "") in {"", server} else "it was requested for another server"


def safe(name: str) -> str:
    """Return a name as one path component."""
    return re.sub(r"[^a-z0-9-]", lambda found: f"_{ord(found[0]):x}", name.lower())


def _refused(message: str) -> HTTPError:
    error = HTTPError(403, message.replace("%", "%%"), reason="Refused by Assay")
    error.jupyterhub_message = message
    return error


def _error_text(error: HTTPClientError) -> str:
    try:
        problem = json.loads(error.response.body)
        return f"{problem['detail']} {problem['hint']}".strip()
    except (AttributeError, ValueError, KeyError, TypeError):
        return f"Assay responded with status {error.code}, {NOT_STARTED}."


def from_environment() -> Gate:
    """Return the gate configured by this process's environment variables."""
    home = os.environ["ASSAY_HOME"]
    return Gate(os.environ["ASSAY_GATE_URL"], (Path(home) / "secrets" / "gate").read_text(), home)
