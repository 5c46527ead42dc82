"""The command palette by keyboard alone, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect
from support.server import Desk
from support.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 390])
def test_the_palette_opens_a_page_by_keyboard(desk: Desk, browser: Browser, width: int) -> None:
    """Ctrl K, a few letters, arrow keys, Enter; Escape closes it."""
    ben = Visitor(desk, browser, "ben")
    page = ben.page
    page.set_viewport_size({"width": width, "height": 800})
    ben.go("/environments/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search environments, pages and actions")
    expect(box).to_be_focused()
    page.keyboard.type("con")
    expect(page.get_by_role("option", name=re.compile("Consistency"))).to_have_attribute("aria-selected", "true")
    ben.check()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Consistency")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Open command palette").click()
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert ben.wrong == []


def test_a_table_sorts_and_filters_in_place(desk: Desk, browser: Browser) -> None:
    """A heading sorts, typing filters, the address keeps both, and the page is not loaded anew."""
    ana = Visitor(desk, browser, "ana")
    page = ana.page
    ana.go("/new")
    page.get_by_label("Title").fill("For the tables")
    page.get_by_label("Short name").fill("tables")
    page.get_by_label("Libraries", exact=True).fill("six")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("tables@1 is saved as a draft.")).to_be_visible()
    ana.go("/admin/audit/")
    page.wait_for_load_state("networkidle")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Actor").click()
    expect(page.get_by_role("columnheader", name="Actor")).to_have_attribute("aria-sort", "ascending")
    ana.check()
    page.get_by_role("searchbox", name="Event").fill("no-such-event")
    expect(page.get_by_text("No event matches")).to_be_visible()
    expect(page).to_have_url(re.compile("name=no-such-event"))
    page.get_by_role("searchbox", name="Event").fill("created")
    expect(page.get_by_role("columnheader", name="Actor")).to_have_attribute("aria-sort", "ascending")
    assert page.evaluate("window.same") is True
    assert ana.wrong == []
