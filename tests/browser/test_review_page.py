"""The review page as a reviewer sees it first: all of it at once, at 1280 x 800 and at 390 pixels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import LazySettings
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person, published, spec_input, visitor

from assay.core.lock import Lock
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny
from assay.core.policy.policy import Policy
from assay.core.roles import Actor, Role
from assay.flow.assess.policy import revise
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.review import review
from assay.flow.watch.advisories import load_feed
from assay.store.models import Environment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIBRARIES = {f"library-{at:03}": f"1.{at}.0" for at in range(200)}
DIRECT = ["library-000", "library-100"]
UPDATED = {**LIBRARIES, "xgboost": "2.1", "nccl": "2.23", **{f"library-{at:03}": "1.999.0" for at in range(4)}}
NOTE = "The demand model needs it. " * 12
WIDE, NARROW = (1280, 800), (390, 844)


@pytest.fixture
def people(tmp_path: Path, settings: LazySettings) -> tuple[Actor, Actor]:
    """Return ana and ben: a usual update waits, with one direct library added to 200 that are installed."""
    settings.INDEX_URL = lock_of({"six": "1.0"}).libraries[0].index
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "unheard-of", ("introduced", "0"), cvss=CRITICAL)))
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", DIRECT, LIBRARIES)
    Environment.objects.update(description="Figures and models for the forecasting team. " * 5)
    new_version(ana, "geo")
    edit_spec(ana, "geo", 2, spec_input(*DIRECT, "xgboost"))
    built(ana, "geo", 2, linked(UPDATED, {"xgboost": ("nccl",), "library-000": tuple(LIBRARIES)[1:]}))
    review.submit(ana, "geo", 2, NOTE)
    return ana, ben


def linked(pins: dict[str, str], needs: dict[str, tuple[str, ...]]) -> Lock:
    """Return a lock with who needs whom."""
    lock = lock_of(pins)
    return replace(
        lock, libraries=tuple(replace(one, dependencies=needs.get(one.name, ())) for one in lock.libraries)
    )


def only(*rules: Deny) -> None:
    """Let these rules be the policy."""
    revise(person("root", Role.ADMIN), Policy(rules=rules), seen=0)


@pytest.fixture
def page(people: tuple[Actor, Actor], live_server: LiveServer, browser: Browser) -> Iterator[Page]:
    """Return a page in which ben is signed in; nothing may go wrong on it."""
    session = visitor(people[1]).cookies["assay"].value
    url = live_server.url.replace("localhost", "127.0.0.1")
    context = browser.new_context(base_url=url, viewport={"width": WIDE[0], "height": WIDE[1]})
    context.add_cookies([{"name": "assay", "value": session, "url": url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert wrong == []


def show(page: Page, size: tuple[int, int] = WIDE, path: str = "geo/2") -> None:
    """Open the review at a size of the window."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/environments/{path}/review")
    page.wait_for_load_state("networkidle")


def check(page: Page) -> None:
    """Assert that there is no axe violation, in light and in dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] - one of its literals
        found = [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]]
        assert not found, (scheme, found)


def top(found: Locator) -> float:
    """Return where an element begins, from the top of the window."""
    box = found.first.bounding_box()
    assert box
    return box["y"]


def whole(page: Page, found: Locator) -> bool:
    """Say whether all of an element is in the window."""
    box, size = found.first.bounding_box(), page.viewport_size
    assert box
    assert size
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def parts(page: Page) -> dict[str, Locator]:
    """Return what the page answers, in the order of a reviewer's questions."""
    return {
        "sentence": page.locator("#summary"),
        "findings": page.locator("#findings"),
        "changes": page.locator("tr[data-row]"),
        "note": page.get_by_text("Author's note", exact=True),
        "purpose": page.get_by_text("Purpose", exact=True),
        "checks": page.get_by_text("1 check passed"),
        "log": page.get_by_text("Build log"),
        "audit log": page.locator("main summary", has_text="Audit log"),
    }


def test_all_questions_are_answered_on_the_first_screen(page: Page) -> None:
    """At 1280 x 800 nothing of a usual update needs scrolling, and a tenth of the libraries at most is listed."""
    show(page)
    expect(page.locator("#summary")).to_have_text(
        "Adds xgboost and 1 library it needs; 4 minor updates; 2 libraries are new to this workspace; "
        "2 notes; nothing else found."
    )
    for name, part in parts(page).items():
        assert whole(page, part), name
    assert whole(page, page.get_by_role("button", name="Approve…"))
    assert whole(page, page.locator("tr[data-row]").last)
    shown = page.locator("tr[data-row]").evaluate_all("rows => rows.filter(row => row.checkVisibility()).length")
    assert shown == 6
    check(page)
    page.mouse.wheel(0, 10_000)
    until(page, "scrollY + innerHeight >= document.documentElement.scrollHeight - 1")
    assert whole(page, page.get_by_role("button", name="Approve…"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_the_order_is_the_same_and_the_decision_at_the_bottom(page: Page) -> None:
    """While scrolling, too; at the end it stands below everything."""
    show(page, NARROW)
    tops = [top(part) for part in parts(page).values()]
    assert tops == sorted(tops)
    approve = page.get_by_role("button", name="Approve…")
    for fraction in (0, 0.5, 1):
        page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", fraction)
        assert whole(page, approve), fraction
    assert top(approve) > top(parts(page)["audit log"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    check(page)


def test_what_is_folded_opens_in_place(page: Page) -> None:
    """The note, all installed libraries, the audit log, the other versions to compare with."""
    show(page)
    page.get_by_text("Show more").first.click()
    expect(page.get_by_text(NOTE.strip()).last).to_be_visible()
    page.get_by_text("196 unchanged; all 202 installed").click()
    expect(page.get_by_role("cell", name="library-150")).to_be_visible()
    page.locator("main summary", has_text="Audit log").click()
    expect(page.get_by_text("submitted the version")).to_be_visible()
    page.get_by_label("compared with").hover()
    expect(page.locator("#with option", has_text="geo@1 · last published")).to_be_attached()
    check(page)
    page.get_by_label("compared with").select_option("nothing")
    expect(page.locator("#summary")).to_contain_text("Installs 202 libraries, 3 of them direct")


def test_keys_move_mark_and_decide(page: Page) -> None:
    """j, k, v, f, r and a, as before."""
    show(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    row = page.locator("tr.current")
    expect(row).to_have_attribute("data-name", "xgboost")
    with page.expect_response("**/viewed"):
        page.keyboard.press("v")
    expect(page.locator("#viewed-count")).to_have_text("1 of 6 viewed")
    page.keyboard.press("f")
    expect(page.get_by_label("Library 1", exact=True)).to_have_value("xgboost")
    leave(page)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog", name="Reject geo@2")).to_be_visible()
    leave(page)
    page.keyboard.press("a")
    expect(page.get_by_role("dialog", name="Approve and publish geo@2")).to_contain_text("202 libraries")
    check(page)


def until(page: Page, expression: str) -> None:
    """Wait until an expression holds. Pages forbid what Playwright's own waiting would do: to evaluate text."""
    ends = time.monotonic() + 30
    while not page.evaluate(expression):
        assert time.monotonic() < ends, expression
        page.wait_for_timeout(50)


def leave(page: Page) -> None:
    """Close a dialog, and wait until the page has the keyboard again."""
    page.keyboard.press("Escape")
    until(page, "document.activeElement === document.body")


def test_each_warning_can_be_read_without_a_click(page: Page) -> None:
    """Five lines that say what was found; approving says so twice."""
    only(*(Deny(effect=Effect.WARN, library=f"library-{at:03}", reason="nobody maintains it") for at in range(5)))
    show(page)
    lines = page.locator(".finding[data-effect=warn] > summary")
    expect(lines).to_have_count(5)
    for at in range(5):
        line = lines.nth(at)
        assert whole(page, line)
        expect(line).to_contain_text("is denied by the policy: nobody maintains it")
        assert line.locator(".told").evaluate("one => one.scrollHeight <= one.clientHeight + 1")
        box = line.bounding_box()
        assert box
        assert box["height"] < 45, "one line"
    approve = page.get_by_role("button", name="Approve with 5 warnings…")
    assert whole(page, approve)
    check(page)
    approve.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("li")).to_have_count(5)
    check(page)
    dialog.get_by_role("button", name="Approve with 5 warnings").click()
    expect(page.get_by_text("is published. Everyone can pick it now.")).to_be_visible()


def test_what_blocks_comes_first_and_nothing_can_be_approved(page: Page) -> None:
    """By button or by key; the sentence, the line and the decision say why."""
    only(
        Deny(effect=Effect.WARN, library="library-000"),
        Deny(effect=Effect.BLOCK, library="xgboost", reason="not allowed here"),
    )
    for size in (WIDE, NARROW):
        show(page, size)
        expect(page.locator("#summary strong")).to_contain_text(
            "1 finding blocks: xgboost 2.1 is denied by the policy"
        )
        first = page.locator(".finding > summary").first
        expect(first).to_contain_text("xgboost 2.1 is denied by the policy: not allowed here")
        assert whole(page, first)
        expect(page.get_by_role("button", name="Approve…")).to_be_disabled()
        page.keyboard.press("a")
        expect(page.get_by_role("dialog")).to_have_count(0)
        check(page)


def test_a_first_version_lists_what_was_asked_for(page: Page, people: tuple[Actor, Actor]) -> None:
    """The hundred libraries that come along unfold."""
    ana, _ = people
    draft(ana, "first", "library-000", "own")
    pins = {"own": "1", **dict(list(LIBRARIES.items())[:100])}
    built(ana, "first", 1, linked(pins, {"library-000": tuple(pins)[2:]}))
    review.submit(ana, "first", 1, "")
    show(page, path="first/1")
    assert page.locator("tr[data-row]:visible").count() == 2
    page.get_by_text("99 more: they come with others").click()
    expect(page.locator("tr[data-row]:visible")).to_have_count(101)
    with page.expect_response("**/viewed"):
        page.get_by_label("Viewed: library-050").check()
    expect(page.locator("#viewed-count")).to_have_text("0 of 2 viewed")  # what is folded is not counted
    check(page)
