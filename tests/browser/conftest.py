"""One desk with everything running, and one Chromium, for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from support.server import Desk, running

CHROMIUM = os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",  # tests may run as root, where Chromium refuses its own
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=30_000)  # a machine that does much else is slow, not wrong


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run everything, with ana who composes, ben who reviews, and eve who is curious."""
    with running(tmp_path_factory.mktemp("desk") / "home") as desk:
        desk.people({"ana": "member", "eve": "member", "ben": "reviewer"})
        yield desk


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()
