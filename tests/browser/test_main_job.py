"""The main job in a real browser: real packages, real uv, a real Hub, two people and an administrator."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.server import Desk
from support.visitor import Visitor, compose, publish, submit

pytestmark = pytest.mark.browser


def run_cell(page: Page, code: str) -> str:
    """Open a notebook from JupyterLab's launcher, run a cell, return its output."""
    card = page.locator(".jp-LauncherCard[data-category='Notebook']").first
    card.click(timeout=60_000)
    cell = page.locator(".jp-Notebook .cm-content").first
    cell.click(timeout=30_000)
    expect(page.get_by_text(re.compile(r"@\d+ \| Idle"))).to_be_visible(timeout=60_000)  # Lab loses what runs before
    page.keyboard.type(code)
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output pre").first
    expect(output).to_be_visible(timeout=60_000)
    return output.inner_text()


def leftovers(home: Path) -> str:
    """Return the processes that still run in the home's environments after 20 s; usually none at once.

    A prepared server waits for the next start, and runs in none of them.
    """
    for _ in range(40):
        listed = subprocess.run(["ps", "axww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line for line in listed.splitlines() if "prepared_server.py" not in line]
        found = "\n".join(line for line in lines if str(home / "environments") in line)
        if not found:
            break
        time.sleep(0.5)
    return found


def test_the_main_job(desk: Desk, browser: Browser) -> None:
    """Compose, build, submit, reject, resubmit, approve, launch, run a script: all by the pages."""
    ana, ben, eve = (Visitor(desk, browser, name) for name in ("ana", "ben", "eve"))
    ana.check()
    compose(ana, "tools", "Plain tools", "six\nhumanize=4.9.0")

    # Nobody else sees the draft; its author launches it personally.
    eve.go("/environments/tools/1/")
    expect(eve.page.get_by_role("heading", name="There is nothing here, or you may not see it")).to_be_visible()
    eve.wrong.clear()  # the browser itself reports the 404
    ana.go("/launch/")
    expect(ana.page.get_by_text("personal draft").first).to_be_visible()

    # Rejected with feedback, it is a draft again with the feedback on its page.
    submit(ana, "tools")
    ben.go("/environments/tools/1/review")
    ben.page.keyboard.press("r")
    ben.page.get_by_label("Feedback").fill("Please take a newer humanize.")
    ben.page.get_by_label("Library 1", exact=True).fill("humanize")
    ben.page.get_by_label("To, for library 1").fill("4.12")
    ben.page.get_by_role("button", name="Reject", exact=True).click()
    expect(ben.page.get_by_text("went back to ana")).to_be_visible()
    ana.go("/environments/tools/1/")
    expect(ana.page.get_by_text("Please take a newer humanize.")).to_be_visible()
    expect(ana.page.get_by_text("raise to 4.12")).to_be_visible()
    ana.check()
    ana.page.get_by_role("button", name="Apply: humanize raise to 4.12").click()
    expect(ana.page.get_by_label("Libraries", exact=True)).to_have_value("six\nhumanize>=4.12")
    expect(ana.page.locator(".lines .badge")).to_contain_text("done")
    ana.check()
    ana.page.get_by_role("button", name="Save and build").click()
    expect(ana.page.get_by_role("link", name="Open tools@1")).to_be_visible(timeout=120_000)
    publish(ana, ben, "tools")

    # A second environment on the approved base; everyone sees the first one at once.
    eve.go("/environments/")
    expect(eve.page.get_by_role("link", name="Plain tools")).to_be_visible()
    compose(ana, "more", "More tools", "pyjokes", base="tools@1")
    publish(ana, ben, "more")

    launch_and_look(desk, eve)
    run_script(eve)
    for visitor in (ana, ben, eve):
        assert visitor.wrong == []


def launch_and_look(desk: Desk, eve: Visitor) -> None:
    """Start a server in the published environment; the kernel is the approved directory; stop leaves nothing."""
    eve.go("/launch/")
    eve.page.get_by_role("radio", name="More tools").check()
    expect(eve.page.get_by_text("pyjokes==")).to_be_visible()
    eve.check()
    eve.page.get_by_role("button", name="Start server").click()
    link = eve.page.get_by_role("link", name="Open JupyterLab")
    expect(link).to_be_visible(timeout=90_000)
    with eve.context.expect_page() as opened:
        link.click()
    lab = opened.value
    output = run_cell(lab, f"import sys, pyjokes, humanize; print(sys.prefix); {attempts(desk.home)}")
    assert "changed: False, secrets: False, others: []" in output
    digest = re.search(r"environments/([0-9a-f]{64})", output)
    assert digest, output
    expect(lab.get_by_text("notified about official Jupyter news")).to_have_count(0)
    lock = (desk.home / "environments" / digest[1] / "pylock.toml").read_text()
    assert 'name = "pyjokes"' in lock
    lab.close()
    eve.go("/servers/")
    eve.check()
    eve.confirm("Stop")
    expect(eve.page.get_by_text("is stopped.")).to_be_visible()
    assert leftovers(desk.home) == ""


def attempts(home: Path) -> str:
    """Return one line of a notebook that tries to change its environment and to look around in our home."""
    return (
        "import os, subprocess; from pathlib import Path; p = Path(pyjokes.__file__); "
        "done = subprocess.run(f'chmod u+w {p.parent} {p} && echo x >> {p}', shell=True, stderr=-3).returncode == 0; "
        f"print(f'changed: {{done}}, secrets: {{os.path.exists(r\"{home}/secrets/django\")}}, '"
        f' f\'others: {{[n for n in os.listdir(r"{home}/homes") if n != "eve"]}}\')'
    )


def run_script(eve: Visitor) -> None:
    """Paste a script, run it, read its output and exit code; cancel one that would not end."""
    eve.go("/runtimes/new")
    eve.page.get_by_label("Title").fill("Hello")
    eve.page.get_by_label("Short name").fill("hello")
    eve.page.get_by_label("Environment", exact=True).select_option("more")
    eve.page.get_by_label("Script or notebook (JSON)").fill(
        "import sys, pyjokes\nprint('in', sys.prefix)\nsys.exit(3)"
    )
    eve.check()
    eve.page.get_by_role("button", name="Create project").click()
    eve.page.get_by_role("button", name="Run project", exact=True).click()
    expect(eve.page.locator(".strip")).to_contain_text("exit code")
    expect(eve.page.locator("#run")).to_contain_text("3")
    expect(eve.page.locator(".log")).to_contain_text("environments/")
    eve.check()
    eve.page.get_by_role("link", name="hello").click()
    eve.page.get_by_label("main.py").fill("import time\nprint('waiting', flush=True)\ntime.sleep(600)")
    eve.page.get_by_role("button", name="Save project").click()
    expect(eve.page.get_by_text("Project saved.")).to_be_visible()
    eve.page.get_by_role("button", name="Run project", exact=True).click()
    expect(eve.page.locator(".log")).to_contain_text("waiting")
    eve.page.get_by_role("button", name="Cancel run").click()
    eve.check()
    eve.page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(eve.page.locator("#run")).to_contain_text("Running")
    eve.confirm("Cancel run")
    expect(eve.page.get_by_text("Cancelled")).to_be_visible()


def test_a_review_by_keyboard_alone(desk: Desk, browser: Browser) -> None:
    """From the queue to the decision without a mouse: move, mark, ask, reject; and approve the next round."""
    ana, ben = Visitor(desk, browser, "ana"), Visitor(desk, browser, "ben")
    compose(ana, "keys", "For the keyboard", "six==1.16.0\nidna")
    submit(ana, "keys")
    open_first(ben, "For the keyboard")
    ben.page.wait_for_load_state("networkidle")  # keys count once the page's scripts are there
    keys, count = ben.page.keyboard, ben.page.locator("#viewed-count")
    expect(count).to_have_text("0 of 2 viewed")  # so the page's scripts listen
    keys.press("?")
    expect(ben.page.get_by_role("dialog")).to_contain_text("request a change")
    keys.press("Escape")
    expect(ben.page.get_by_role("dialog")).to_be_hidden()
    for key in ("j", "v"):
        keys.press(key)
    expect(count).to_have_text("1 of 2 viewed")
    ben.page.wait_for_load_state("networkidle")
    ben.page.reload()
    expect(count).to_have_text("1 of 2 viewed")  # idna, by the server

    # The second row is six: ask for a newer one, say why, and send it back.
    for key in ("j", "j", "f"):
        keys.press(key)
    expect(ben.page.get_by_label("Library 1", exact=True)).to_have_value("six")
    ben.check()
    keys.press("Tab")
    keys.type("1.17")
    for _ in range(3):
        keys.press("Shift+Tab")
    keys.type("Please take the newer six.")
    for _ in range(5):
        keys.press("Tab")
    keys.press("Enter")
    expect(ben.page.get_by_text("went back to ana")).to_be_visible()

    ana.go("/environments/keys/1/")
    ana.page.get_by_role("button", name="Apply: six raise to 1.17").click()
    ana.page.get_by_role("button", name="Save and build").click()
    expect(ana.page.get_by_role("link", name="Open keys@1")).to_be_visible(timeout=120_000)
    submit(ana, "keys")
    open_first(ben, "For the keyboard")
    ben.page.wait_for_load_state("networkidle")
    expect(count).to_have_text("1 of 2 viewed")  # idna is the same file; six is another one
    for key in ("j", "j", "v", "a"):
        keys.press(key)
    expect(ben.page.get_by_role("dialog")).to_contain_text("keys@1")
    ben.check()
    for key in ("Tab", "Enter"):
        keys.press(key)
    expect(ben.page.get_by_text("keys@1 is published.")).to_be_visible()
    look_at_comparison(ana)
    assert ana.wrong == ben.wrong == []


def open_first(reviewer: Visitor, title: str) -> None:
    """Open the oldest submission of the queue by keyboard."""
    reviewer.go("/admin/environments/")
    reviewer.page.keyboard.press("j")
    reviewer.page.keyboard.press("Enter")
    expect(reviewer.page.get_by_role("heading", name=title)).to_be_visible()


def look_at_comparison(visitor: Visitor) -> None:
    """Compare the published version with a draft of one's own, narrow what is shown, and leave one out again."""
    page = visitor.page
    visitor.go("/environments/keys/")
    page.get_by_role("button", name="Create new version").click()
    expect(page.get_by_role("button", name="Save and build")).to_be_visible()
    visitor.go("/compare?versions=keys@1")
    page.get_by_label("Next version").fill("keys@2")
    page.get_by_role("button", name="Add version").click()
    expect(page.get_by_text("from keys@1 to keys@2").first).to_be_visible()
    visitor.check()
    page.get_by_role("link", name="Direct").click()
    expect(page).to_have_url(re.compile("versions=keys@1,keys@2&direct=1"))
    page.get_by_role("link", name="Remove keys@2").click()
    expect(page).to_have_url(re.compile("versions=keys@1&direct=1$"))
    visitor.check()
