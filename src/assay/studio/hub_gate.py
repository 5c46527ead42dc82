"""Inside the Hub: the one gate through which form, query string and REST pass before anything starts.

Public hooks only (`options_form`, `options_from_form="simple"`, `apply_user_options`), so that it works
with any Spawner. Runs in the Hub's own prefix: standard library, tornado and jupyterhub.
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

SECONDS = 10  # for an answer of the approval desk
# The servers have no business with news and updates of a prefix that all share.
# And there is one kernel, so nobody needs to be asked for it when a notebook opens again.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True},
}
# One kernel, whatever else the server's own prefix offers.
SERVER = {
    "KernelSpecManager": {"ensure_native_kernel": False, "allowed_kernelspecs": ["python3"]},
    "HubOAuth": {"cache_max_age": 10},  # seconds that somebody who signed out is still let in
}
# Of use where a server proxies to others; ours is behind the Hub's.
LAB_PAGE = {"disabledExtensions": {"@jupyterhub/jupyter-server-proxy": True}}
NOTEBOOK, PROXY = "jupyterhub-singleuser", "jupyter-standaloneproxy"
KNOWN = {"environment", "server"}
NO_YES = "so nothing is started"


class Gate:
    """Asks the approval desk, and prepares a server for what it answered."""

    def __init__(self, url: str, secret: str, home: str) -> None:
        self.url, self._secret, self.home = url.rstrip("/"), secret, Path(home)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the desk. Raises HTTPError with words for the person; silence is a refusal, never a yes."""
        request = HTTPRequest(
            self.url + path,
            method=method,
            body=None if body is None else json.dumps(body),
            headers={"Authorization": f"Bearer {self._secret}", "Content-Type": "application/json"},
            request_timeout=SECONDS,
            connect_timeout=SECONDS,
            follow_redirects=False,  # the secret is for the desk only
        )
        try:
            answer = await AsyncHTTPClient().fetch(request)
            found: dict[str, Any] = json.loads(answer.body)
        except HTTPClientError as error:
            raise _refused(_words(error)) from error
        except OSError as error:
            raise _refused(f"The approval desk does not answer, {NO_YES}. Try again soon.") from error
        except ValueError as error:
            raise _refused(f"The approval desk answered what is no answer, {NO_YES}.") from error
        return found

    async def form(self, spawner: Any) -> str:  # noqa: ANN401 - a Spawner of any kind
        """Return the Hub's own form: what this person may start."""
        found = await self.ask("GET", f"/studio/environments?user={quote(spawner.user.name)}")
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
        """Check what was asked for and prepare the server. Raises HTTPError with the reason."""
        wrong = _what_is_wrong(options, spawner.name)
        if wrong:
            raise _refused(f"Nothing is started: {wrong}. Start it from the launch page.")
        asked = {"user": spawner.user.name, "server": "", **options}
        answer = await self.ask("POST", "/studio/gate", asked)
        try:
            self.prepare(spawner, answer)
        except (KeyError, TypeError) as error:
            raise _refused(f"The approval desk answered what is no answer, {NO_YES}.") from error

    def prepare(self, spawner: Any, answer: dict[str, Any]) -> None:  # noqa: ANN401 - as above
        """Give the server its home, its size, its application and exactly one kernel: the environment's."""
        home = self.home / "homes" / safe(spawner.user.name)
        place = self.home / "hub" / "kernels" / f"{safe(spawner.user.name)}-{safe(spawner.name or 'default')}"
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {
            **answer["kernel"]["env"],
            "PATH": f"{answer['path']}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONNOUSERSITE": "1",
            "PYTHONPYCACHEPREFIX": str(home / ".cache" / "pycache"),
        }
        _write_kernel(place, answer, variables)
        spawner.notebook_dir = str(home)
        spawner.mem_limit = answer["size"]["memory"]
        spawner.cpu_limit = answer["size"]["processors"]
        spawner.environment = {
            **spawner.environment,
            "HOME": str(home),
            "JUPYTER_PATH": str(place),
            "JUPYTER_CONFIG_PATH": str(place),
            "JUPYTER_PREFER_ENV_PATH": "0",
            # Open documents are kept per environment: two servers side by side do not close each other's.
            "JUPYTERLAB_WORKSPACES_DIR": str(home / ".jupyter" / "lab" / f"workspaces-{_slug(answer)}"),
            **answer["kernel"]["env"],  # for terminals
            "ASSAY_PATH": answer["path"],
            "ASSAY_ENVIRONMENT": answer["environment"],
            "ASSAY_DIGEST": answer["digest"],
        }
        _set_command(spawner, answer["application"], variables)


def _slug(answer: dict[str, Any]) -> str:
    return safe(answer["environment"].partition("@")[0])


def _write_kernel(place: Path, answer: dict[str, Any], variables: dict[str, str]) -> None:
    shutil.rmtree(place, ignore_errors=True)
    kernel = place / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {
        "argv": answer["kernel"]["argv"],
        "display_name": answer["kernel"]["display_name"],
        "language": "python",
        "env": variables,
        "metadata": {"debugger": True, "assay": {"digest": answer["digest"]}},
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    (place / "jupyter_server_config.json").write_text(json.dumps(SERVER))
    (place / "labconfig").mkdir()
    (place / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(LAB_SETTINGS))
    (place / "labconfig" / "page_config.json").write_text(json.dumps(LAB_PAGE))


def _set_command(spawner: Any, application: dict[str, Any], variables: dict[str, str]) -> None:  # noqa: ANN401 - a Spawner of any kind
    """Let the server be the notebook server, or an application behind the proxy that asks the Hub who comes."""
    if not hasattr(spawner, "assay_own"):  # a spawner lives on between two starts: what it was configured with
        spawner.assay_own = list(spawner.cmd), list(spawner.args)
    own, arguments = spawner.assay_own
    if not application["argv"]:
        spawner.cmd, spawner.args = own, arguments
        spawner.default_url = f"/{application['path']}"
        return
    absolute = [] if application["strips"] else ["--absolute-url"]
    settings = [f"{name}={value}" for name, value in variables.items()]
    runner = own[:-1] if own[-1] == NOTEBOOK else []
    command = [PROXY, "--timeout=60", *absolute, "--", "/usr/bin/env", *_doubled(settings)]
    spawner.cmd, spawner.args = [*runner, *command, *application["argv"]], []
    spawner.default_url = ""


def _doubled(words: list[str]) -> list[str]:
    """Return words in which the proxy finds nothing to fill in."""
    return [one.replace("{", "{{").replace("}", "}}") for one in words]


def _what_is_wrong(options: dict[str, Any], server: str) -> str:
    """Say why options are not exactly one environment, and at most the name of this very server."""
    unknown = ", ".join(sorted(set(options) - KNOWN))
    if unknown:
        return f"unknown options: {unknown}"
    environment = options.get("environment")
    if not isinstance(environment, str) or not environment:
        return "no environment was chosen"
    return "" if options.get("server", "") in {"", server} else "it was asked for another server"


def safe(name: str) -> str:
    """Return a name as one path component."""
    return re.sub(r"[^a-z0-9-]", lambda found: f"_{ord(found[0]):x}", name.lower())


def _refused(message: str) -> HTTPError:
    error = HTTPError(403, message.replace("%", "%%"), reason="Refused by Assay")
    error.jupyterhub_message = message
    return error


def _words(error: HTTPClientError) -> str:
    try:
        problem = json.loads(error.response.body)
        return f"{problem['detail']} {problem['hint']}".strip()
    except (AttributeError, ValueError, KeyError, TypeError):
        return f"The approval desk answered {error.code}, {NO_YES}."


def from_environment() -> Gate:
    """Return the gate that the variables of this process describe."""
    home = os.environ["ASSAY_HOME"]
    return Gate(os.environ["ASSAY_GATE_URL"], (Path(home) / "secrets" / "gate").read_text(), home)
