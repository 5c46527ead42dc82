"""Findings in a real browser: foreseen while composing, waived in the review, new after approval, remedied."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.feed import CRITICAL, record, write_feed
from support.server import Desk
from support.visitor import Visitor, compose, publish, submit

pytestmark = pytest.mark.browser
SIX = record("PYSEC-2026-1", "six", ("introduced", "0"), ("fixed", "1.16.0"), cvss=CRITICAL)
INICONFIG = record("PYSEC-2026-2", "iniconfig", ("introduced", "0"), ("fixed", "2.0.0"), cvss=CRITICAL)


def load(desk: Desk, folder: Path, *records: dict[str, object]) -> None:
    """Load a feed of these records."""
    desk.command("admin", "advisories", "load", write_feed(folder / "all.zip", *records))


def reload_until_shown(page: Page, row: str, text: str) -> None:
    """Reload until a row has a text: the worker assesses later what a new feed or a fetched fact changes."""
    found = page.get_by_role("row", name=row).filter(has_text=text)
    for _ in range(60):
        if found.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(found).to_be_visible()


def test_a_finding_is_foreseen_and_waived(desk: Desk, browser: Browser, tmp_path: Path) -> None:
    """The author reads while composing what the reviewer will find; without a waiver nothing can be approved."""
    load(desk, tmp_path, SIX)
    ana, ben = Visitor(desk, browser, "ana"), Visitor(desk, browser, "ben")
    compose(ana, "oldsix", "Old six", "six==1.15.0", foreseen="Require six>=1.16.0.")
    ana.go("/environments/oldsix/1/?tab=health")
    expect(ana.page.get_by_text("PYSEC-2026-1").first).to_be_visible()
    ana.check()
    submit(ana, "oldsix")
    ben.go("/admin/environments/")
    reload_until_shown(ben.page, "oldsix@1", "1 blocking")
    ben.check()
    ben.page.get_by_role("row", name="oldsix@1").get_by_role("link", name="Review").click()
    approve = ben.page.get_by_role("button", name="Approve…")
    expect(approve).to_be_disabled()
    expect(ben.page.get_by_text("Needs: 1 waiver · 1 approval")).to_be_visible()
    expect(ben.page.locator("#summary")).to_contain_text("1 finding blocks: six 1.15.0 has PYSEC-2026-1 (critical).")
    ben.page.locator(".finding").get_by_text("has PYSEC-2026-1").first.click()
    ben.page.get_by_text("Waive selected").click()
    ben.page.get_by_label("Reason", exact=True).fill("Only read by ourselves.")
    ben.check()
    ben.page.get_by_role("button", name="Waive", exact=True).click()
    expect(ben.page.get_by_text("1 finding is waived.")).to_be_visible()
    expect(approve).to_be_enabled()
    ben.page.get_by_text("1 waived", exact=True).click()
    expect(ben.page.locator("#findings")).to_contain_text("“Only read by ourselves.” until")
    ben.check()
    ben.page.keyboard.press("a")
    ben.page.get_by_role("button", name="Approve and publish").click()
    expect(ben.page.get_by_text("is published. Everyone can pick it now.")).to_be_visible()
    assert ana.wrong + ben.wrong == []


def test_a_new_advisory_is_remedied(desk: Desk, browser: Browser, tmp_path: Path) -> None:
    """What comes up after the approval turns health to attention; one button drafts the way out of it."""
    load(desk, tmp_path, SIX)
    ana, ben = Visitor(desk, browser, "ana"), Visitor(desk, browser, "ben")
    compose(ana, "words", "Kind words", "colorama\niniconfig<2")
    publish(ana, ben, "words")
    load(desk, tmp_path, SIX, INICONFIG)
    ana.go("/environments/?health=attention")
    reload_until_shown(ana.page, "words", "Attention")
    ana.go("/environments/words/?tab=health")
    ana.check()
    ana.page.get_by_role("button", name="Find suggested update").click()
    expect(ana.page.get_by_text("fixes 1; nothing else changes")).to_be_visible()
    ana.check()
    ana.page.get_by_role("button", name="Create draft").click()
    expect(ana.page.get_by_text("words@2 is a new draft")).to_be_visible()
    ana.page.get_by_role("button", name="Save and build").click()
    expect(ana.page.get_by_role("link", name="Open words@2")).to_be_visible(timeout=120_000)
    publish(ana, ben, "words", 2)
    ana.go("/environments/words/")
    expect(ana.page.locator(".title")).to_contain_text("OK")
    assert ana.wrong + ben.wrong == []
