"""A real Hub starts what the approval desk allows, nothing else, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from studio.rig import SECRETS, Desk, Studio, eventually, serve_desk

from assay.core.errors import ForbiddenError, UnavailableError
from assay.engine import imports
from assay.studio.hub_client import HubClient
from assay.studio.prefix import studio_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK = """
import importlib.util, json, os, sys
print(json.dumps({
    "prefix": sys.prefix,
    "path": sys.path,
    "assay": importlib.util.find_spec("assay") is not None,
    "bytecode": sys.pycache_prefix,
    "variables": dict(os.environ),
    "folder": os.getcwd(),
}))
"""


@pytest.fixture(scope="module")
def served(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Studio]]:
    """Start a desk and a Hub, and end both."""
    desk = Desk(prefix)
    with serve_desk(desk) as server:
        with Studio(tmp_path_factory.mktemp("studio"), server.server_port, wait=20) as studio:
            studio.client.ensure_user("ana")
            yield desk, studio
        server.shutdown()


@pytest.fixture
def desk(served: tuple[Desk, Studio]) -> Desk:
    """Return the desk, saying yes and having been asked nothing."""
    served[0].refusal = None
    served[0].asked.clear()
    return served[0]


@pytest.fixture
def studio(served: tuple[Desk, Studio]) -> Studio:
    """Return the Hub."""
    return served[1]


def run_cell(studio: Studio, name: str, server: str, code: str) -> dict[str, Any]:
    """Run a cell in a new kernel of a server and return the JSON that it prints."""
    python = studio_prefix() / "bin" / "python"
    script = Path(__file__).with_name("run_cell.py")
    url = f"{studio.url}/user/{name}/{server}/"
    ran = subprocess.run(
        [str(python), str(script), url, SECRETS["hub-api"], code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def leftovers(studio: Studio) -> dict[int, str]:
    """Return what runs for the Hub's people: everything but the Hub, its parent and its proxy."""
    return {
        pid: command
        for pid, command in studio.processes().items()
        if "traefik" not in command and str(studio.home / "config.py") not in command
    }


def hub_pid(studio: Studio) -> int:
    """Return the Hub's own pid, not its parent's."""
    return next(pid for pid, command in studio.processes().items() if "-m jupyterhub --config" in command)


def test_a_cell_runs_in_the_environment_and_stop_leaves_nothing(desk: Desk, studio: Studio, prefix: Path) -> None:
    """The kernel is the approved environment, in one's own home; after the end no process is left."""
    studio.start("ana", "s1")
    seen = studio.seen("ana", "s1", "ready")
    assert seen.address == f"{studio.url}/user/ana/s1/"
    assert desk.asked == [{"user": "ana", "environment": "geo@4", "server": "s1"}]
    assert desk.secrets_shown == {f"Bearer {SECRETS['gate']}"}

    kernels = studio.call("GET", "/user/ana/s1/api/kernelspecs").json()
    assert kernels["default"] == "python3"
    assert list(kernels["kernelspecs"]) == ["python3"]
    assert kernels["kernelspecs"]["python3"]["spec"]["display_name"] == "geo@4"

    home = studio.home / "homes" / "ana"
    cell = run_cell(studio, "ana", "s1", LOOK)
    assert cell["prefix"] == str(prefix)
    assert cell["folder"] == str(home)
    assert cell["bytecode"] is not None
    assert cell["bytecode"].startswith(str(home))
    assert cell["variables"]["HOME"] == str(home)

    assert any(str(prefix) in command for command in leftovers(studio).values())
    studio.stop("ana", "s1")
    eventually(lambda: not leftovers(studio), 3)


USE = """
import json, subprocess, pandas
subprocess.run(["python", "-c", "import sklearn"], check=True)
print(json.dumps({"PYTHONPATH": __import__("os").environ["PYTHONPATH"]}))
"""


def test_a_kernel_and_its_programs_report_their_imports(desk: Desk, studio: Studio, prefix: Path) -> None:
    """What a cell imports is reported when its kernel ends, what a program of it imports at its own end."""
    site = next((prefix / "lib").glob("python3.*")) / "site-packages"
    for name in ("pandas", "sklearn", "matplotlib"):
        (site / f"{name}.py").write_text("")
    folder = str(Path(imports.__file__).parent)
    port = studio.desk_port
    words = f"{prefix.name} http://127.0.0.1:{port}/api/v1/imports ticket -"
    desk.variables = {"PYTHONPATH": folder, "ASSAY_IMPORTS": words}
    try:
        studio.start("carl", "s3")
        studio.seen("carl", "s3", "ready")
        assert run_cell(studio, "carl", "s3", USE) == {"PYTHONPATH": folder}
        eventually(lambda: {"modules": ["sklearn"]} in desk.asked)
        kernel = studio.call("GET", "/user/carl/s3/api/kernels").json()[0]["id"]
        studio.call("DELETE", f"/user/carl/s3/api/kernels/{kernel}")
        eventually(lambda: {"modules": ["pandas"]} in desk.asked)
        studio.stop("carl", "s3")
    finally:
        desk.variables = {}
    assert not any("matplotlib" in str(one) for one in desk.asked)


def test_nothing_of_the_hub_leaks_into_a_kernel(desk: Desk, studio: Studio) -> None:
    """A kernel sees neither the desk's code and secrets nor libraries of the notebook server."""
    del desk
    studio.start("ben", "s2")
    studio.seen("ben", "s2", "ready")
    cell = run_cell(studio, "ben", "s2", LOOK)
    studio.stop("ben", "s2")
    assert not cell["assay"]
    assert "PYTHONPATH" not in cell["variables"]
    values = " ".join(cell["variables"].values())
    assert not [value for value in SECRETS.values() if value in values]


def test_refusal_reaches_who_asked_by_rest(desk: Desk, studio: Studio) -> None:
    """The desk's reason is the answer of the REST call, and nothing is started."""
    desk.refuse("geo@5 is pending.", "Use geo@4.")
    with pytest.raises(ForbiddenError, match=r"geo@5 is pending\. Use geo@4\."):
        studio.start("ana", "s3", "geo@5")
    assert desk.asked == [{"user": "ana", "environment": "geo@5", "server": "s3"}]
    seen = studio.client.status("ana", "s3")
    assert (seen.state, seen.message) == ("failed", "geo@5 is pending. Use geo@4.")
    assert not leftovers(studio)


def test_refusal_reaches_who_asked_by_form(desk: Desk, studio: Studio) -> None:
    """The Hub's own form shows the reason, as text."""
    with studio.browser("ana") as browser:
        page = browser.get(f"{studio.url}/hub/spawn/ana", timeout=30)
        assert "geo@4" in page.text
        assert "mine@1" in page.text
        assert "A draft of ana" in page.text
        assert "<script>alert(1)</script>" not in page.text
        desk.refuse("geo@4 is <b>retired</b>.", "Use geo@5 100 %.")
        target = re.search(r'action="([^"]+)"', page.text)
        assert target is not None
        page = browser.post(studio.url + target[1], files={"environment": (None, "geo@4")}, timeout=30)
    assert "geo@4 is &lt;b&gt;retired&lt;/b&gt;. Use geo@5 100 %." in page.text
    assert desk.asked == [{"user": "ana", "environment": "geo@4", "server": ""}]
    assert not leftovers(studio)


def test_refusal_reaches_who_asked_by_address(desk: Desk, studio: Studio) -> None:
    """A link with a query string passes the same gate and shows the same reason."""
    desk.refuse("You cannot see that.", "Ask its owner.", status=404)
    with studio.browser("ben") as browser:
        page = browser.get(f"{studio.url}/hub/spawn/ben/linked?environment=mine@1", timeout=30)
        assert "You cannot see that. Ask its owner." in page.text
    assert desk.asked == [{"user": "ben", "environment": "mine@1", "server": ""}]
    assert not leftovers(studio)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"environment": ""},
        {"environment": ["geo@4"]},
        {"environment": "geo@4", "cmd": "/bin/sh"},
        {"environment": "geo@4", "digest": "e" * 64},
        {"environment": "geo@4", "prefix": "/home/ana/mine"},
        {"environment": "geo@4", "kernel": {"argv": ["/bin/sh"]}},
        {"environment": "geo@4", "application": {"argv": ["/bin/sh"]}},
        {"environment": "geo@4", "size": "huge"},
        {"environment": {"environment": "geo@4"}},
        {"environment": "geo@4", "server": "another"},
    ],
)
def test_options_that_are_not_one_environment_are_refused(
    desk: Desk, studio: Studio, options: dict[str, Any]
) -> None:
    """No environment, several, foreign options or another server's pass: refused without asking."""
    answer = studio.call("POST", "/hub/api/users/ana/servers/odd", json={"user_options": options})
    assert answer.status_code == 403, answer.text
    assert "The server was not started" in answer.json()["message"]
    assert not desk.asked


def test_a_restart_is_checked_again(desk: Desk, studio: Studio) -> None:
    """The Hub keeps the options of a server; a start without any asks the desk anew about them."""
    studio.start("ana", "s4")
    studio.seen("ana", "s4", "ready")
    studio.call("DELETE", "/hub/api/users/ana/servers/s4")
    eventually(lambda: studio.client.status("ana", "s4").state == "stopped")
    desk.asked.clear()
    desk.refuse("geo@4 is retired.", "Use geo@5.")
    answer = studio.call("POST", "/hub/api/users/ana/servers/s4")
    assert answer.status_code == 403
    assert answer.json()["message"] == "geo@4 is retired. Use geo@5."
    assert desk.asked == [{"user": "ana", "environment": "geo@4", "server": "s4"}]


@pytest.mark.parametrize("body", [b"<html>oops", b"[]", b"{}"])
def test_garbage_is_not_a_yes(desk: Desk, studio: Studio, body: bytes) -> None:
    """An answer outside the contract starts nothing and says what happened."""
    desk.refusal = (200, body)
    answer = studio.call("POST", "/hub/api/users/ana/servers/odd", json={"environment": "geo@4"})
    assert answer.status_code == 403
    assert "the server was not started" in answer.json()["message"]


def test_silence_is_not_a_yes(desk: Desk, studio: Studio) -> None:
    """An error of the desk without words starts nothing and says so."""
    desk.refusal = (500, b"")
    answer = studio.call("POST", "/hub/api/users/ana/servers/odd", json={"environment": "geo@4"})
    assert answer.status_code == 403
    assert "the server was not started" in answer.json()["message"]


def test_a_server_that_breaks_says_why(desk: Desk, studio: Studio) -> None:
    """A server that ends by itself while starting has failed, and the reason is told."""
    del desk
    config = studio.home / "homes" / "eve" / ".jupyter" / "jupyter_server_config.py"
    config.parent.mkdir(parents=True)
    config.write_text("import os\nos.write(2, b'no more disk')\nos._exit(9)")
    studio.client.ensure_user("eve")
    with suppress(UnavailableError):  # who still waits for the answer is told, too
        studio.client.start("eve", "s5", {"environment": "geo@4", "server": "s5"})
    message = studio.seen("eve", "s5", "failed").message
    assert "exit code 9" in message
    assert message.endswith("no more disk")
    assert not leftovers(studio)


def test_unknown_servers_are_stopped(studio: Studio) -> None:
    """A server that never was is stopped, and stopping it again is no error."""
    assert studio.client.status("nobody", "none").state == "stopped"
    studio.client.ensure_user("ana")
    studio.client.ensure_user("ana")
    studio.client.stop("ana", "none")


def test_a_hub_that_is_away_is_told(studio: Studio) -> None:
    """Without a Hub, or with a wrong token, the client says so in its own words."""
    away = HubClient("http://127.0.0.1:9", "token")
    assert not away.health()
    with pytest.raises(UnavailableError, match="Studio does not respond"):
        away.status("ana", "s1")
    with pytest.raises(ForbiddenError):
        HubClient(studio.url, "wrong").start("ana", "s1", {"environment": "geo@4"})


def test_what_is_no_hub_is_told() -> None:
    """Whatever else listens on the Hub's port, the client says that Studio does not respond."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def echo() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(connection.recv(4096))

        threading.Thread(target=echo, daemon=True).start()
        assert not HubClient(f"http://127.0.0.1:{port}", "token").health()


def test_no_desk_is_not_a_yes(prefix: Path, tmp_path: Path) -> None:
    """While the desk is away nothing starts, neither new nor once checked, and the person reads why."""
    with serve_desk(Desk(prefix)) as server, Studio(tmp_path / "home", server.server_port) as studio:
        server.shutdown()
        server.server_close()
        assert "Assay does not respond, so the server was not started" in studio.refused("ana", "s1")
        with studio.browser("ana") as browser:
            page = browser.get(f"{studio.url}/hub/spawn/ana", timeout=30)
            assert "Assay does not respond" in page.text


@pytest.mark.parametrize("way", ["asked", "killed"])
def test_end_of_the_hub_ends_everything(prefix: Path, tmp_path: Path, way: str) -> None:
    """Told to end or killed, the Hub takes servers, kernels and the proxy with it, within seconds."""
    with serve_desk(Desk(prefix)) as server, Studio(tmp_path / "home", server.server_port) as studio:
        studio.start("ana", "s1")
        studio.seen("ana", "s1", "ready")
        assert run_cell(studio, "ana", "s1", LOOK)["prefix"] == str(prefix)
        assert len(studio.processes()) >= 6  # hub, server (each with its parent), proxy, kernel
        if way == "asked":
            studio.end()
        else:
            os.kill(hub_pid(studio), signal.SIGKILL)
            studio.process.wait(5)
        eventually(lambda: not studio.processes(), 3)
        server.shutdown()
