"""The policy in a real browser: a rule is added, tried, saved; health and waivers are readable by everybody."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from support.server import Desk
from support.visitor import Visitor

pytestmark = pytest.mark.browser


def test_a_rule_is_added_tried_and_saved(desk: Desk, browser: Browser) -> None:
    """Nothing counts before it is saved; the revision says what it added; restoring takes it back."""
    desk.person("eva", "admin")
    eva = Visitor(desk, browser, "eva")
    page = eva.page
    eva.go("/policy/")
    eva.check()
    page.get_by_role("link", name="Edit policy").click()
    page.get_by_label("Kind", exact=True).select_option("deny")
    page.get_by_role("button", name="Add rule", exact=True).click()
    rule = page.locator("details[open]")
    rule.get_by_label("Library").fill("leftpad")
    rule.get_by_label("Why").fill("not kept")
    rule.get_by_label("Effect").select_option("block")
    eva.check()
    page.get_by_role("button", name="Try policy").last.click()
    expect(page.get_by_role("heading", name="Effect")).to_be_visible()
    eva.check()
    page.get_by_role("button", name="Edit as YAML").click()
    expect(page.get_by_label("Policy", exact=True)).to_contain_text("leftpad")
    eva.check()
    page.get_by_label("Reason (kept with the revision)").fill("It broke everything once.")
    page.get_by_role("button", name="Save revision").click()
    expect(page.get_by_text("is in force. Published versions are being reassessed.")).to_be_visible()
    expect(page.get_by_text("+ Block leftpad (not kept). A reviewer may waive it.")).to_be_visible()
    eva.check()
    page.get_by_role("button", name="Restore default policy").click()
    expect(page.get_by_text("the rules of revision 0")).to_be_visible()
    for path in ("/admin/health/", "/policy/waivers/", "/admin/applications/"):
        eva.go(path)
        eva.check()
    assert eva.wrong == []
