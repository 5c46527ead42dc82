"""Suggestions in the editor: found by keyboard alone, in rows and in the text, and nothing is lost on reload."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer
from support.index import LocalIndex
from support.people import person, published, visitor

from assay.core.roles import Role
from assay.flow.compose import library_details
from assay.flow.watch.index_names import refresh_due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def index(settings: Any, tmp_path: Path) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index with two releases of one library."""
    index = LocalIndex(listed=["tinygeo-extras", "zebra"])
    index.add("tinygeo", "1.0")
    index.add("tinygeo", "2.0", licence="License-Expression: BSD-3-Clause\nSummary: Tiny geometry.")
    settings.INDEX_URL, settings.NAMES_HOURS, settings.ALLOWED_HOSTS = index.url, 24, ["127.0.0.1"]
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir()
    library_details._kept.clear()
    yield index
    index.close()


@pytest.fixture
def page(index: LocalIndex, live_server: LiveServer, browser: Browser) -> Iterator[Page]:
    """Open the editor as a member, in a workspace where the library is live."""
    ana = person("ana")
    published(ana, person("ben", Role.REVIEWER), "geo", ["tinygeo"], {"tinygeo": "1.0"})
    refresh_due()
    url = live_server.url.replace("localhost", "127.0.0.1")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    session = visitor(ana).cookies["assay"].value
    context.add_cookies([{"name": "assay", "value": session, "url": url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.route(re.compile("/new/preview"), lambda route: route.fulfill(body=""))  # resolving is tested elsewhere
    page.goto(f"{url}/new")
    yield page
    assert not wrong
    context.close()
    assert index.served


def check(page: Page) -> None:
    """Assert that there is no axe violation, in light and in dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] - one of its literals
        found = Axe().run(page).response["violations"]
        assert not found, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]


def test_rows_by_keyboard(page: Page) -> None:
    """A misspelt name, its facts, its version; Escape closes, Enter without a choice adds a row."""
    page.get_by_role("button", name="Rows").click()
    name = page.get_by_role("combobox", name="Name").first
    name.press_sequentially("tingeo")
    option = page.get_by_role("option", name=re.compile("^tinygeo In geo@1"))
    expect(option).to_be_visible()
    expect(name).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(page.locator(".suggestions .about")).to_contain_text("Tiny geometry.")
    expect(page.locator(".suggestions .about")).to_contain_text("BSD-3-Clause")
    check(page)
    page.keyboard.press("Enter")
    expect(name).to_have_value("tinygeo")
    versions = page.get_by_role("combobox", name="Which versions").first
    expect(versions).to_be_focused()
    expect(page.get_by_role("option", name=re.compile("==1.0"))).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name=re.compile(">=2.0"))).to_be_visible()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(versions).to_have_value(">=2.0")
    expect(page.get_by_label("Libraries", exact=True)).to_have_value("tinygeo>=2.0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Name")).to_have_count(2)
    page.reload()
    expect(page.get_by_label("Libraries", exact=True)).to_have_value("tinygeo>=2.0")


def test_the_line_of_the_text(page: Page) -> None:
    """Names on the line of the caret, versions after an operator; other lines stay; pasted text opens nothing."""
    text = page.get_by_label("Libraries", exact=True)
    text.fill("zebra\n\nattrs")
    expect(page.locator(".suggestions")).to_be_hidden()
    text.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("tiny")
    expect(page.get_by_role("option", name=re.compile("^tinygeo In"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(text).to_have_value("zebra\ntinygeo\nattrs")
    page.keyboard.type("==1")
    expect(page.get_by_role("option", name=re.compile("==1.0"))).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(text).to_have_value("zebra\ntinygeo==1.0\nattrs")
    page.keyboard.press("Enter")
    expect(text).to_have_value("zebra\ntinygeo==1.0\n\nattrs")
    page.keyboard.type("tiny")
    expect(page.locator(".suggestions")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".suggestions")).to_be_hidden()
