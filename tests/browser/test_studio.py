"""Studio in a real browser: a newer version with one click, applications, and what a notebook's script cannot do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.test_main_job import leftovers, run_cell
from playwright.sync_api import Browser, Page, expect
from support.visitor import Visitor, compose, publish, renew

if TYPE_CHECKING:
    from support.server import Desk

pytestmark = pytest.mark.browser

# A page like any other site, but on the machine's other host name, tries to use the desk's session.
HOSTILE = """async (desk) => {
  const told = {cookies: document.cookie};
  const attempt = async (name, action) => {
    try { told[name] = await action(); } catch (error) { told[name] = 'refused'; }
  };
  const given = {credentials: 'include'};
  await attempt('read', async () => (await fetch(desk + '/environments/', given)).text());
  await attempt('api', async () => (await fetch(desk + '/api/v1/workspaces/default/environments', given)).text());
  const form = new URLSearchParams({environment: 'joke@1'});
  const sent = {...given, method: 'POST', mode: 'no-cors', body: form};
  await attempt('write', async () => (await fetch(desk + '/launch/start', sent)).type);
  await attempt('frame', () => new Promise((done) => {
    const frame = document.createElement('iframe');
    frame.src = desk + '/environments/';
    frame.onload = () => done(frame.contentDocument ? frame.contentDocument.body.innerText : 'refused');
    document.body.append(frame);
    setTimeout(() => done('refused'), 3000);
  }));
  return told;
}"""


def start(visitor: Visitor, environment: str, application: str = "JupyterLab", file: str = "") -> Page:
    """Start a server from the launch page and open it."""
    visitor.go(f"/launch/?environment={environment}")
    visitor.page.get_by_label("Application").select_option(label=application)
    if file:
        visitor.page.get_by_label("File").fill(file)
    visitor.page.get_by_role("button", name="Start server").click()
    return opened(visitor)


def opened(visitor: Visitor) -> Page:
    """Open a server that is coming up."""
    link = visitor.page.get_by_role("link", name=re.compile("^Open "))
    expect(link).to_be_visible(timeout=90_000)
    visitor.check()
    with visitor.context.expect_page() as found:
        link.click()
    return found.value


def test_studio(desk: Desk, browser: Browser) -> None:
    """Launch, try to reach the desk from a notebook's page, go on in a newer version, open an application."""
    ana, ben, eve = (Visitor(desk, browser, name) for name in ("ana", "ben", "eve"))
    compose(ana, "joke", "Jokes", "pyjokes==0.6.0")
    publish(ana, ben, "joke")
    lab = start(eve, "joke@1")
    assert "0.6.0" in run_cell(lab, "import pyjokes; print(pyjokes.__version__, '0.6.0')")
    reach_for_the_desk(desk, eve, lab)
    lab.keyboard.press("Control+s")
    wait_until_kept(lab, desk.home / "homes" / "eve" / ".jupyter" / "lab" / "workspaces-joke")
    lab.close()

    renew(ana, "joke", "pyjokes==0.8.3")
    publish(ana, ben, "joke", 2)
    go_on(eve)
    applications(desk, eve)
    for visitor in (ana, ben, eve):
        assert visitor.wrong == []


def wait_until_kept(lab: Page, folder: Path) -> None:
    """Wait until JupyterLab has written down that the notebook is open."""
    for _ in range(60):
        if any("Untitled" in one.read_text() for one in folder.glob("*")):
            return
        lab.wait_for_timeout(500)
    raise AssertionError(f"JupyterLab kept nothing in {folder}")


def reach_for_the_desk(desk: Desk, eve: Visitor, lab: Page) -> None:
    """Try with the rights of a notebook's script: it reads nothing of the desk and starts nothing there."""
    told: dict[str, Any] = lab.evaluate(HOSTILE, desk.url)
    assert "assay=" not in told["cookies"]
    assert (told["read"], told["api"]) == ("refused", "refused")
    assert "Jokes" not in str(told["frame"])
    eve.go("/servers/")
    expect(eve.page.locator("tr[data-row]")).to_have_count(1)


def go_on(eve: Visitor) -> None:
    """One click: the same server in the newer version, with the notebook still open."""
    eve.go("/servers/")
    expect(eve.page.get_by_text("A newer version is active: joke@2.")).to_be_visible()
    expect(eve.page.locator("tr[data-row]")).to_contain_text("MiB")
    eve.check()
    eve.page.get_by_role("button", name="Restart in joke@2").click()
    expect(eve.page.get_by_text("joke@2").first).to_be_visible()
    lab = opened(eve)
    expect(lab.get_by_role("tab", name=re.compile(r"Untitled\d*\.ipynb"))).to_be_visible(timeout=60_000)
    lab.close()
    eve.go("/servers/")
    expect(eve.page.get_by_text("A newer version")).to_have_count(0)
    eve.confirm("Stop")
    expect(eve.page.get_by_text("is stopped.")).to_be_visible()


def applications(desk: Desk, eve: Visitor) -> None:
    """Open an application that an administrator added, on files of eve's home; after Stop nothing is left."""
    command = ("{prefix}/bin/python", "-m", "http.server", "--bind", "127.0.0.1", "{port}", "--directory", "{file}")
    desk.command(
        "admin", "application", "add", "files", "--name", "Files", "--needs", "pyjokes", "--strips", "--", *command
    )
    shared = Path(desk.home) / "homes" / "eve" / "shown"
    shared.mkdir(parents=True)
    (shared / "hello.txt").write_text("hello")
    page = start(eve, "joke@2", "Files (opens a file)", "shown")
    expect(page.get_by_role("link", name="hello.txt")).to_be_visible()
    page.close()
    eve.go("/servers/")
    eve.confirm("Stop")
    expect(eve.page.get_by_text("is stopped.")).to_be_visible()
    assert leftovers(desk.home) == ""
