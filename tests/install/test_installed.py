"""`pip install assay` and `assay up` in an empty home: the main job, Studio included, without a clone."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import requests
from support.package import UV, Built
from support.server import Desk, running

from assay.client import Client

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 120  # seconds for a build, a start or a run
FIRST = 300  # seconds for the first start, which installs Studio
NOTEBOOK = """{"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": null,
"source": "import six, sys; print(six.__name__, 'assay' in sys.modules)"}],
"metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
"nbformat": 4, "nbformat_minor": 5}"""


def eventually(look: Callable[[], Any], wanted: set[str], field: str = "state") -> dict[str, Any]:
    """Return what `look` finds as soon as its state is one of the wanted."""
    deadline = time.monotonic() + PATIENCE
    while (found := look())[field] not in wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return dict(found)


def sign_in(desk: Desk, name: str, password: str) -> requests.Session:
    """Sign in at the page, as a browser does."""
    session = requests.Session()
    page = session.get(desk.url, timeout=PATIENCE)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    form = {"csrfmiddlewaretoken": token[1], "login": name, "password": password}
    session.post(page.url, data=form, headers={"Referer": page.url}, timeout=PATIENCE)
    assert "assay" in session.cookies
    return session


def test_the_main_job_without_a_clone(command: list[str], home: Path, person: dict[str, str]) -> None:
    """The first start installs Studio; compose, build, submit, approve, and start a server in it."""
    with running(home, command, FIRST, **person) as desk:
        log = desk.log.read_text()
        assert "Installing Studio" in log
        shown = re.search(r"Sign in as +(\S+)\nPassword +(\S+)", log)
        assert shown, log
        page = sign_in(desk, shown[1], shown[2]).get(f"{desk.url}/admin/environments/", timeout=PATIENCE)
        assert page.status_code == 200
        desk.person("ana", "member")
        publish(desk)
        ana = Client(desk.url, desk.token("ana"))
        launch(desk, ana)
        run_notebook(desk, ana)
        assert desk.stop() == 0


def publish(desk: Desk) -> None:
    """Let ana compose, build and submit, and the administrator approve: with the installed command."""
    ana, admin = ({"ASSAY_URL": desk.url, "ASSAY_TOKEN": desk.token(name)} for name in ("ana", "admin"))
    desk.env |= ana
    desk.command("create", "tools", "--title", "Tools", "--library", "six", "--python", "3.11")
    assert "built: " in desk.command("build", "tools@1")
    desk.command("submit", "tools@1", "--note", "please")
    desk.env |= admin
    assert desk.command("approve", "tools@1") == "tools@1 is published now."


def launch(desk: Desk, ana: Client) -> None:
    """Start a server, see that it came up from the installed prefix, and stop it."""
    server = ana.post("/servers", {"environment": "tools@1"})["id"]
    found = eventually(lambda: ana.get(f"/servers/{server}"), {"ready", "failed"})
    assert found["state"] == "ready", found
    used = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert f"{desk.home}/studio/" in used
    ana.call("DELETE", f"/servers/{server}")


def run_notebook(desk: Desk, ana: Client) -> None:
    """Run a notebook: papermill and our code come from Studio's prefix, the kernel from the environment."""
    source = {"kind": "inline", "files": {"main.ipynb": NOTEBOOK}}
    ana.post(
        "/runtimes",
        {"slug": "look", "kind": "notebook", "environment": "tools@1", "source": source, "entry": "main.ipynb"},
    )
    run = ana.post("/runtimes/look/runs")["id"]
    found = eventually(lambda: ana.get(f"/runs/{run}"), {"succeeded", "failed", "timeout", "lost"})
    text = (desk.home / "runs" / str(run) / "log").read_text()
    assert found["state"] == "succeeded", text
    assert "six False" in text


def test_uvx_starts_it(built: Built, home: Path, person: dict[str, str]) -> None:
    """`uvx --from assay assay up` reaches the sign-in page; Studio is there since the first start."""
    command = [*UV, "tool", "run", "--quiet", "--python", sys.executable, "--from", str(built.wheel), "assay"]
    with running(home, command, FIRST, **person) as desk:
        assert "Password" in requests.get(desk.url, timeout=PATIENCE).text
        assert desk.log.read_text().count("Installing Studio") == 1


def test_the_version_is_that_of_the_package(built: Built, command: list[str]) -> None:
    """`assay --version` is what a report of a bug names."""
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    assert told == f"assay {built.wheel.name.split('-')[1]}\n"
