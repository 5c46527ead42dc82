"""`make pictures`: take every picture of the docs from a demo, in light and dark.

Starts an installation of its own on free ports with `--demo`, waits until its environments are made, and drives
Chromium through the pages as the people of the demo.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
CHROMIUM = os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PATIENCE = 600  # seconds for the demo: its first builds download
SIZE = {"width": 1280, "height": 800}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture: its file name, who looks, and at which address. `fill` types into fields first."""

    name: str
    person: str
    address: str
    fill: tuple[tuple[str, str], ...] = ()


TAKEN = (
    Picture(name="catalogue", person="ana", address="/environments/"),
    Picture(name="environment", person="ana", address="/environments/ml/"),
    Picture(
        name="editor",
        person="ana",
        address="/new",
        fill=(("title", "Maps"), ("slug", "maps"), ("libraries", "geopandas>=1\nshapely\n")),
    ),
    Picture(name="launch", person="ana", address="/launch/"),
    Picture(name="pending", person="ben", address="/admin/environments/"),
    Picture(name="review", person="ben", address="/environments/web/1/review"),
    Picture(name="compare", person="ben", address="/compare?versions=ds101@1,ml@1"),
    Picture(name="policy", person="admin", address="/policy/"),
    Picture(name="health", person="admin", address="/admin/health/"),
    Picture(name="consistency", person="admin", address="/admin/consistency/"),
    Picture(name="audit", person="admin", address="/admin/audit/"),
)


@contextmanager
def demo(home: Path) -> Iterator[tuple[str, str]]:
    """Run a demo in a home; gives its address and the password of its people."""
    port = _free_ports()
    variables = {**os.environ, "ASSAY_HOME": str(home), "PORT": str(port)}
    log = home / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "assay.cli.main", "up", "--demo"], env=variables, stdout=out, stderr=out
        )
    try:
        _wait(f"http://127.0.0.1:{port}/healthz", process)
        deadline = time.monotonic() + PATIENCE
        while "The demo is ready" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.5)
        yield f"http://127.0.0.1:{port}", (home / "secrets" / "demo-password").read_text()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _free_ports() -> int:
    """Return the first of seven free ports in a row."""
    for start in range(21_000, 29_000, 10):
        held = []
        try:
            for offset in range(7):
                held.append(socket.create_server(("127.0.0.1", start + offset)))  # noqa: PERF401 - closed below
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
        return start
    raise OSError("No seven free ports in a row.")


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.1)
    raise OSError("The demo ended before it answered.")


def signed_in(browser: Browser, address: str, person: str, password: str, scheme: str) -> Page:
    """Return a page of a person who is signed in."""
    context = browser.new_context(viewport=SIZE, color_scheme=scheme, base_url=address)  # type: ignore[arg-type]  # light or dark
    page = context.new_page()
    page.goto("/account/login/")
    page.fill("input[name=login]", person)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/environments/")
    return page


def take(page: Page, picture: Picture, scheme: str) -> None:
    """Take one picture, once the page is quiet."""
    page.goto(picture.address)
    for field, text in picture.fill:
        page.fill(f"[name={field}]", text)
    page.wait_for_load_state("networkidle")
    if picture.fill:
        page.wait_for_timeout(6000)  # the preview resolves
    page.screenshot(path=PICTURES / f"{picture.name}-{scheme}.png")


def main() -> int:
    """Take the pictures named on the command line, or all."""
    wanted = [one for one in TAKEN if one.name in sys.argv[1:]] or list(TAKEN)
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home, demo(Path(home)) as (address, password), sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for scheme in ("light", "dark"):
            for person in dict.fromkeys(one.person for one in wanted):
                page = signed_in(browser, address, person, password, scheme)
                for picture in wanted:
                    if picture.person == person:
                        take(page, picture, scheme)
                        sys.stdout.write(f"{picture.name}-{scheme}\n")
                page.context.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
