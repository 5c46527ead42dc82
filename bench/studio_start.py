"""Benchmark of Studio: from *Start* to a usable page, and to a kernel's first result, beside `jupyter lab`."""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from report import ROOT, print_figure

sys.path.append(str(ROOT / "tests"))
from support.server import PASSWORD, Desk, free_ports, running

PAGE_FACTOR, FIRST_LIMIT, RESULT_LIMIT = 1.0, 3.0, 1.0  # times the peer; seconds after a boot; seconds, warm
TIMES = 5
PREPARED_SECONDS = 20  # at most, until a server is prepared after another start
LAB = re.compile(r"/lab$|/lab[?/]")
TOKEN = "bench"  # noqa: S105 - of a server on loopback, only during the benchmark
CHROMIUM = os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium")
PREFIX = Path(os.environ.get("ASSAY_STUDIO", ROOT / ".venv-studio"))


def studio_start(home: Path) -> None:
    """Measure both alternately; the first time of each, after a boot, is told apart."""
    forget_files()
    with running(home / "assay") as desk, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        publish(desk)
        context = signed_in(desk, browser)
        ours, theirs = [], []
        for _ in range(TIMES + 1):
            wait_until_prepared(desk.home)
            ours.append(start(desk, context))
            theirs.append(bare(home, browser))
        browser.close()
    ready, page, shown, result = (statistics.median(one) for one in zip(*ours[1:], strict=True))
    peer_page, peer_shown, peer_result = (statistics.median(one) for one in zip(*theirs[1:], strict=True))
    print_figure("plain jupyter lab: until its page responds", f"{peer_page:.2f} s", "the peer")
    print_figure("  Start, until the server is reported ready", f"{ready:.2f} s", "")
    beside = f"{page / peer_page:.2f} x, limit {PAGE_FACTOR} x"
    print_figure("  Start, until its page responds", f"{page:.2f} s", beside, page <= PAGE_FACTOR * peer_page)
    print_limited("  the first after a boot, until its page responds", ours[0][1], FIRST_LIMIT)
    print_figure("plain jupyter lab: until Chromium shows the launcher", f"{peer_shown:.2f} s", "the peer")
    print_figure("  Start, until Chromium shows the launcher", f"{shown:.2f} s", f"{shown / peer_shown:.2f} x")
    print_figure("plain jupyter lab: a kernel's first result", f"{peer_result:.2f} s", "the peer")
    print_limited(f"  a kernel's first result ({result / peer_result:.2f} x)", result, RESULT_LIMIT)


def forget_files() -> None:
    """Drop the files that the system keeps in memory, as after a boot, where this is allowed."""
    with contextlib.suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("1\n")


def wait_until_prepared(home: Path) -> None:
    """Wait for the prepared server, which is there before somebody has read the launch page."""
    log, deadline = home / "hub" / "prepared.log", time.monotonic() + PREPARED_SECONDS
    while time.monotonic() < deadline:
        lines = log.read_text().splitlines() if log.exists() else []
        if lines and lines[-1].startswith("A server is prepared"):
            return
        time.sleep(0.1)


def print_limited(what: str, took: float, limit: float) -> None:
    """Print a figure (seconds) beside its limit."""
    print_figure(what, f"{took:.2f} s", f"limit {limit} s", took <= limit)


def publish(desk: Desk) -> None:
    """Publish an environment without Jupyter's libraries."""
    desk.person("ana", "member")
    desk.person("ben", "reviewer")
    desk.env |= {"ASSAY_URL": desk.url, "ASSAY_TOKEN": desk.token("ana")}
    desk.command("create", "plain", "--title", "Plain", "--python", "3.11", "--library", "six")
    desk.command("build", "plain@1")
    desk.command("submit", "plain@1", "--note", "bench")
    mine, desk.env["ASSAY_TOKEN"] = desk.env["ASSAY_TOKEN"], desk.token("ben")
    desk.command("approve", "plain@1")
    desk.env["ASSAY_TOKEN"] = mine


def signed_in(desk: Desk, browser: Browser) -> BrowserContext:
    """Return a browser where ana is signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(desk.url)
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Environments").wait_for()
    return context


def start(desk: Desk, context: BrowserContext) -> tuple[float, float, float, float]:
    """Press Start; return the seconds until the server is ready, its page responds, is usable, has a result."""
    page = context.new_page()
    page.goto(f"{desk.url}/launch/?environment=plain@1")
    began = time.perf_counter()
    page.get_by_role("button", name="Start").click()
    link = page.get_by_role("link", name=re.compile("^Open "))
    link.wait_for(timeout=60_000)
    ready = time.perf_counter() - began
    with context.expect_page() as opened:
        link.click()
    opened.value.wait_for_url(LAB, wait_until="commit")
    there = time.perf_counter() - began
    usable(opened.value)
    took = time.perf_counter() - began
    url = opened.value.url.partition("/lab")[0] + "/"
    opened.value.close()
    result = first_result(url, (desk.home / "secrets" / "hub-api").read_text())
    page.goto(f"{desk.url}/servers/")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop server").click()
    page.get_by_text("is stopped.").wait_for()
    page.close()
    return ready, there, took, result


def usable(page: Page) -> None:
    """Wait until the launcher shows its notebook card."""
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.wait_for(timeout=60_000)


def bare(home: Path, browser: Browser) -> tuple[float, float, float]:
    """Start plain `jupyter lab`; return the seconds until its page responds, is usable, has a result."""
    context = browser.new_context()
    began = time.perf_counter()
    with jupyter(home) as url:
        page = context.new_page()
        page.goto(f"{url}lab?token={TOKEN}", wait_until="commit")
        there = time.perf_counter() - began
        usable(page)
        took = time.perf_counter() - began
        context.close()
        return there, took, first_result(url, TOKEN)


@contextlib.contextmanager
def jupyter(home: Path) -> Iterator[str]:
    """Run a plain Jupyter server from Studio's prefix."""
    folder = home / "bare"
    folder.mkdir(exist_ok=True)
    port = free_ports(1)
    command = [str(PREFIX / "bin" / "python"), "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--port", str(port), f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the peer
            command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)}
        )
        try:
            yield wait_for_response(f"http://127.0.0.1:{port}/")
        finally:
            process.terminate()
            process.wait(30)


def wait_for_response(url: str) -> str:
    """Wait until a server responds at an address, and return the address."""
    import urllib.error  # noqa: PLC0415 - only here
    import urllib.request  # noqa: PLC0415 - as above

    while True:
        try:
            with urllib.request.urlopen(f"{url}api", timeout=5):  # noqa: S310 - our own address
                return url
        except urllib.error.URLError:
            time.sleep(0.02)


def first_result(url: str, token: str) -> float:
    """Return the seconds from the request for a kernel to its first result."""
    script = str(ROOT / "bench" / "first_result.py")
    python = str(PREFIX / "bin" / "python")
    done = subprocess.run([python, script, url, token], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return float(done.stdout)
