"""Servers side by side in a real Hub: their sizes, their applications, their ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from studio.rig import LAB, Desk, Studio, eventually, serve_desk
from studio.test_hub import LOOK, run_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

HUNGRY = """
import json, subprocess, sys
ended = subprocess.run([sys.executable, "-c", "import time; x = b'x' * (700 << 20); time.sleep(20)"]).returncode
import os
print(json.dumps({"ended": ended, "processors": len(os.sched_getaffinity(0))}))
"""
# A web application in a few lines: answers with what it was asked for and where it runs; dies when asked to.
WEB = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"path": self.path, "prefix": sys.prefix, "home": os.getcwd(), "file": sys.argv[2:],
                           "virtual": os.environ["VIRTUAL_ENV"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def served(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Studio]]:
    """Start a desk and a Hub that looks for activity every second, and end both."""
    desk = Desk(prefix)
    with serve_desk(desk) as server:
        with Studio(tmp_path_factory.mktemp("studio"), server.server_port, idle_minutes=0.05) as studio:
            yield desk, studio
        server.shutdown()


@pytest.fixture
def desk(served: tuple[Desk, Studio]) -> Desk:
    """Return the desk, offering the notebook server."""
    served[0].application, served[0].memory = dict(LAB), 4 << 30
    return served[0]


@pytest.fixture
def studio(served: tuple[Desk, Studio]) -> Studio:
    """Return the Hub."""
    return served[1]


def told(studio: Studio, name: str, server: str) -> dict[str, int]:
    """Return what a server tells of its memory, once it has."""
    path = studio.home / "hub" / "memory" / f"{name}-{server}.json"
    eventually(path.exists)
    found: dict[str, int] = json.loads(path.read_text())
    return found


def test_two_servers_in_different_environments(desk: Desk, studio: Studio, prefix: Path, tmp_path: Path) -> None:
    """Side by side, each with its own kernel; the end of one leaves the other alone."""
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True)
    studio.start("ana", "one", "geo@4")
    studio.seen("ana", "one", "ready")
    desk.prefix = other
    studio.start("ana", "two", "other@1")
    studio.seen("ana", "two", "ready")
    desk.prefix = prefix
    first, second = (run_cell(studio, "ana", name, LOOK) for name in ("one", "two"))
    assert (first["prefix"], second["prefix"]) == (str(prefix), str(other))
    folders = [one["variables"]["JUPYTERLAB_WORKSPACES_DIR"] for one in (first, second)]
    assert folders[0] != folders[1]  # what is open is kept per environment
    studio.stop("ana", "one")
    assert studio.client.status("ana", "two").state == "ready"
    studio.stop("ana", "two")


def test_a_start_tells_its_steps(desk: Desk, studio: Studio) -> None:
    """The progress is the Hub's, and grows."""
    del desk
    studio.start("ana", "steps")
    heard = []
    while (seen := studio.client.status("ana", "steps")).state == "starting":
        heard.append((seen.progress, seen.message))
    assert seen.state == "ready"
    assert heard == sorted(heard, key=lambda one: one[0])
    assert {20, 40, 80} & {progress for progress, _ in heard}
    studio.stop("ana", "steps")


def test_memory_that_is_full_ends_the_largest_process_only(desk: Desk, studio: Studio) -> None:
    """Over the size's limit the hungry process ends; the server goes on, tells it, and forgets it at its end."""
    desk.memory = 600 << 20
    studio.start("ben", "hungry")
    studio.seen("ben", "hungry", "ready")
    cell = run_cell(studio, "ben", "hungry", HUNGRY)
    assert cell["ended"] == -9
    assert cell["processors"] == 1 or os.cpu_count() == 1
    eventually(lambda: told(studio, "ben", "hungry")["ended"] == 1)  # it is written now and then
    assert told(studio, "ben", "hungry")["limit"] == 600 << 20
    assert studio.client.status("ben", "hungry").state == "ready"
    studio.stop("ben", "hungry")
    assert not list((studio.home / "hub" / "memory").glob("ben-hungry*"))


def web(studio: Studio, name: str, *, strips: bool) -> dict[str, object]:
    """Return the record of the small web application, its file in a person's home."""
    home = studio.home / "homes" / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "web {x}.py").write_text(WEB)
    argv = [sys.executable, "./web {{x}}.py", "{port}", "{base_url}"]
    return {"name": "Web", "path": "", "argv": argv, "strips": strips}


@pytest.mark.parametrize("strips", [True, False])
def test_an_application_runs_behind_the_sign_in(desk: Desk, studio: Studio, prefix: Path, *, strips: bool) -> None:
    """In the home, with the environment's variables; its prefix stripped or not; nobody else gets in."""
    name = f"app-{strips}".lower()
    desk.application = web(studio, "cid", strips=strips)
    studio.start("cid", name)
    address = studio.seen("cid", name, "ready").address
    base = f"/user/cid/{name}"
    assert address == f"{studio.url}{base}/"
    assert studio.client.http_status(address) == 200
    with studio.browser("cid") as browser:
        answer = browser.get(f"{address}page?x=1", timeout=30).json()
    assert answer["path"] == ("/page?x=1" if strips else f"{base}/page?x=1")
    assert answer["virtual"] == str(prefix)
    assert answer["home"] == str(studio.home / "homes" / "cid")
    assert answer["file"] == [base]
    with studio.browser("eve") as stranger:
        assert stranger.get(address, timeout=30).status_code == 403
    anonymous = requests.get(address, timeout=30)
    assert "/hub/login" in anonymous.url
    studio.stop("cid", name)
    eventually(lambda: not any("web {x}.py" in one for one in studio.processes().values()), 3)


def test_an_application_that_breaks_is_told(desk: Desk, studio: Studio) -> None:
    """Its proxy answers with a server error, which is what the desk looks for."""
    broken = {"name": "Broken", "path": "", "argv": [sys.executable, "-c", "raise SystemExit(3)"], "strips": True}
    desk.application = broken
    studio.start("dan", "broken")
    address = studio.seen("dan", "broken", "ready").address
    assert eventually(lambda: studio.client.http_status(address)) >= 500
    studio.stop("dan", "broken")


def test_the_next_start_is_what_is_asked_for_then(desk: Desk, studio: Studio) -> None:
    """A server that was an application is a notebook server again when that is asked for, under the same name."""
    desk.application = web(studio, "fay", strips=True)
    studio.start("fay", "same")
    studio.seen("fay", "same", "ready")
    studio.call("DELETE", "/hub/api/users/fay/servers/same")
    eventually(lambda: studio.client.status("fay", "same").state == "stopped")
    desk.application = dict(LAB)
    studio.start("fay", "same")
    studio.seen("fay", "same", "ready")
    assert list(studio.call("GET", "/user/fay/same/api/kernelspecs").json()["kernelspecs"]) == ["python3"]
    studio.stop("fay", "same")


def test_use_is_told_and_idleness_too(desk: Desk, studio: Studio) -> None:
    """The Hub hears of use within seconds and of nothing else, for notebooks and for applications."""
    studio.start("gus", "lab")
    studio.seen("gus", "lab", "ready")
    desk.application = web(studio, "gus", strips=True)
    studio.start("gus", "web")
    for name in ("lab", "web"):
        studio.seen("gus", name, "ready")

    def used(name: str) -> object:
        return studio.client.status("gus", name).last_activity

    addresses = {"lab": "api/kernels", "web": ""}
    for name, path in addresses.items():
        before = used(name)
        studio.call("POST" if path else "GET", f"/user/gus/{name}/{path}", **({"json": {}} if path else {}))
        eventually(lambda name=name, before=before: used(name) != before)  # type: ignore[misc]  # bound on purpose
    assert not studio.client.is_busy("gus", "web")
    for name in addresses:
        studio.stop("gus", name)


ASK_PIP = """
import contextlib, io, json, subprocess
told = subprocess.run(["pip", "install", "pandas"], capture_output=True, text=True)
listed = subprocess.run(["pip", "list"], capture_output=True, text=True).stdout
said = []
shell = get_ipython()
shell.system = said.append
shell.run_line_magic("pip", "install pandas")
print(json.dumps({"code": told.returncode, "told": told.stderr, "listed": listed, "magic": said}))
"""


def test_pip_says_what_to_do(desk: Desk, studio: Studio, prefix: Path) -> None:
    """From a cell's shell, as a magic, and first on the path of terminals: where a new version is made."""
    desk.variables.clear()
    studio.start("hal", "pip")
    studio.seen("hal", "pip", "ready")
    cell = run_cell(studio, "hal", "pip", ASK_PIP)
    assert cell["code"] == 1
    assert "geo@4 is approved and read-only" in cell["told"]
    assert "http://127.0.0.1:1/environments/geo/" in cell["told"]
    assert "ipykernel" not in cell["listed"]  # what the environment holds, not what starts its kernel
    assert cell["magic"][0].endswith("install pandas")
    assert "pip_shim.py" in cell["magic"][0]
    server = next(pid for pid, one in studio.processes().items() if "-m jupyterhub.singleuser" in one)
    path = dict(one.split("=", 1) for one in Path(f"/proc/{server}/environ").read_text().split("\0") if "=" in one)[
        "PATH"
    ]
    assert path.startswith(f"{prefix.parent}/overlays/shims:{prefix}/bin:")
    studio.stop("hal", "pip")
