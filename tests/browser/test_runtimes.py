"""Projects in a real browser: a script that is shared, a notebook shown as it ran, an app, and a newer version."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, expect
from support.server import Desk
from support.visitor import Visitor, compose, publish, renew

pytestmark = pytest.mark.browser

SCRIPT = """import json, os, pathlib, sys
import humanize
year = json.loads(os.environ['ASSAY_PARAMETERS'])['year']
print('humanize', humanize.__version__, year, sys.argv[1:])
pathlib.Path('answer.csv').write_text('42')
"""
CELLS = [
    {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "year = 1999"},
    {"cell_type": "code", "metadata": {}, "source": "import humanize; print('The year', year, humanize.__version__)"},
    {"cell_type": "code", "metadata": {}, "source": "from IPython.display import HTML; HTML('<b id=bold>Bold</b>')"},
]
NOTEBOOK = {
    "cells": [
        {**cell, "id": f"c{number}", "outputs": [], "execution_count": None} for number, cell in enumerate(CELLS)
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
APP = """import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(b'<h1>Hello from the app</h1>')
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Page).serve_forever()
"""


def test_runtimes(desk: Desk, browser: Browser) -> None:
    """What is approved is what runs: as a script, as a notebook, as an app, and in the version that follows."""
    ana, ben, eve = (Visitor(desk, browser, name) for name in ("ana", "ben", "eve"))
    compose(ana, "jobs", "For jobs", "humanize==4.9.0")
    publish(ana, ben, "jobs")
    share_a_script(eve)
    run_what_is_shared(ben)
    run_a_notebook(eve)
    keep_an_app(eve)
    follow(ana, ben, eve)
    for visitor in (ana, ben, eve):
        assert visitor.wrong == []


def set_up(
    visitor: Visitor,
    slug: str,
    title: str,
    code: str,
    *,
    environment: str = "jobs",
    kind: str = "script",
    app: str = "",
) -> None:
    """Make a project by the form."""
    page = visitor.page
    visitor.go("/runtimes/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Short name").fill(slug)
    page.get_by_label("Kind").select_option(kind)
    if app:
        page.get_by_label("Application").select_option(app)
    page.get_by_label("Environment", exact=True).select_option(environment)
    page.get_by_label("Script or notebook (JSON)").fill(code)
    visitor.check()
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def share_a_script(eve: Visitor) -> None:
    """Let others run it. Parameters and arguments reach it; what it leaves is there to download."""
    page = eve.page
    set_up(eve, "yearly", "Yearly numbers", SCRIPT, environment="jobs@1")
    page.get_by_label("Parameters").fill("year = 2026")
    page.get_by_label("All members of the workspace can run this project").check()
    page.get_by_role("button", name="Save project").click()
    expect(page.get_by_text("Project saved.")).to_be_visible()
    eve.check()
    page.get_by_label("Arguments", exact=True).first.fill("--quick")
    page.get_by_role("button", name="Run project", exact=True).click()
    expect(page.locator(".log")).to_contain_text("humanize 4.9.0 2026 ['--quick']")
    expect(page.get_by_role("link", name="answer.csv")).to_be_visible()
    eve.check()
    with page.expect_download() as lock:
        page.locator("#run").get_by_title("Download pylock.toml").click()
    assert 'name = "humanize"' in lock.value.path().read_text()


def run_what_is_shared(ben: Visitor) -> None:
    """Find it, read what it does, run it; changing it is its owner's."""
    ben.go("/runtimes/")
    ben.check()
    ben.page.get_by_role("link", name="Yearly numbers").click()
    expect(ben.page.get_by_text("It runs with eve's files and secrets")).to_be_visible()
    expect(ben.page.get_by_role("button", name="Save project")).to_have_count(0)
    ben.check()
    ben.page.get_by_role("button", name="Run project", exact=True).click()
    expect(ben.page.get_by_role("link", name="answer.csv")).to_be_visible()


def run_a_notebook(eve: Visitor) -> None:
    """Run it with parameters in the version's own kernel; it is shown in a frame that can do no harm."""
    page = eve.page
    set_up(eve, "shown", "A notebook", json.dumps(NOTEBOOK), kind="notebook")
    page.get_by_label("Parameters").fill("year = 2031")
    page.get_by_role("button", name="Save project").click()
    expect(page.get_by_text("Project saved.")).to_be_visible()
    page.get_by_role("button", name="Run project", exact=True).click()
    frame = page.frame_locator("iframe.rendered")
    expect(frame.get_by_text("The year 2031 4.9.0")).to_be_visible(timeout=60_000)
    expect(frame.locator("#bold")).to_have_text("Bold")
    assert page.locator("iframe.rendered").get_attribute("sandbox") == "allow-scripts"


def keep_an_app(eve: Visitor) -> None:
    """Start it; it answers at a host name of its own behind the sign-in; stop it."""
    page = eve.page
    set_up(eve, "hello-app", "Hello app", APP, kind="app", app="plain")
    page.locator("#app").get_by_role("button", name="Start app").click()
    link = page.locator("#app").get_by_role("link", name="Open app")
    expect(link).to_be_visible()
    eve.check()
    with eve.context.expect_page() as opened:
        link.click()
    expect(opened.value.get_by_role("heading", name="Hello from the app")).to_be_visible()
    assert re.match(r"http://hello-app.*\.localhost:", opened.value.url)
    opened.value.close()
    eve.confirm("Stop app")
    expect(page.locator("#app").get_by_role("button", name="Start app")).to_be_visible()


def follow(ana: Visitor, ben: Visitor, eve: Visitor) -> None:
    """Take the newer version that is proposed: its difference, a trial, the switch."""
    renew(ana, "jobs", "humanize==4.10.0")
    publish(ana, ben, "jobs", 2)
    page = eve.page
    eve.go("/runtimes/")
    page.get_by_role("link", name="jobs@2 is published").click()
    expect(page.get_by_role("row", name="humanize")).to_contain_text("upgraded")
    eve.check()
    page.get_by_role("button", name="Run trial").click()
    expect(page.locator(".log")).to_contain_text("humanize 4.10.0 2026")
    page.get_by_role("link", name="in jobs@2").click()
    expect(page.get_by_text("Last trial in")).to_contain_text("Succeeded")
    eve.check()
    page.get_by_role("button", name="Switch version", exact=True).click()
    expect(page.get_by_text("Switched to jobs@2.")).to_be_visible()
    eve.go("/runtimes/scripts/yearly/")
    expect(page.locator(".page-head")).to_contain_text("jobs@2")
