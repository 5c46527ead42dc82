"""A person at a real browser, and what people do at the desk again and again."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from support.server import PASSWORD, Desk


class Visitor:
    """One person at their browser; console errors and axe violations are collected."""

    def __init__(self, desk: Desk, browser: Browser, name: str) -> None:
        self.desk = desk
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page: Page = self.context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", lambda one: self.wrong.append(one.text) if one.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.go("/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Environments")).to_be_visible()

    def go(self, path: str) -> None:
        """Open a page of the desk."""
        self.page.goto(self.desk.url + path)

    def confirm(self, action: str) -> None:
        """Press a button of the page, and the same one in the dialog that asks whether to."""
        self.page.get_by_role("button", name=action).click()
        self.page.get_by_role("dialog").get_by_role("button", name=action).click()

    def check(self) -> None:
        """Assert that the page has no axe violation, in light and in dark."""
        self.page.wait_for_load_state()  # scripts make what scrolls reachable by keyboard
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] - one of its literals
            found = Axe().run(self.page).response["violations"]
            told = [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
            assert not told, (self.page.url, scheme, told)
        self.page.emulate_media(color_scheme="light")


def compose(visitor: Visitor, slug: str, title: str, libraries: str, *, base: str = "", foreseen: str = "") -> None:
    """Fill the editor, see the preview, build, and wait for the end."""
    page = visitor.page
    visitor.go("/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Short name").fill(slug)
    expect(page.get_by_text(f"{slug} is available.")).to_be_visible()
    page.get_by_label("Description").fill("<script>document.title='hacked'</script> for tests")
    if base:
        page.get_by_label("Base").select_option(base)
    else:
        page.get_by_label("Python").select_option("3.11")
    page.get_by_label("Libraries", exact=True).fill(libraries)
    expect(page.get_by_text("Resolves:")).to_be_visible()
    if foreseen:
        expect(page.get_by_text(foreseen)).to_be_visible()
    visitor.check()
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("heading", name=f"Build of {title}")).to_be_visible()
    page.reload()  # a reload loses nothing
    expect(page.get_by_role("link", name=f"Open {slug}@1")).to_be_visible(timeout=120_000)
    expect(page.locator(".log")).to_contain_text("== checking ==")
    visitor.check()


def renew(author: Visitor, slug: str, libraries: str, number: int = 2) -> None:
    """Compose and build the next version of what is published."""
    page = author.page
    author.go(f"/environments/{slug}/")
    page.get_by_role("button", name="Create new version").click()
    page.get_by_label("Libraries", exact=True).fill(libraries)
    page.get_by_role("button", name="Save and build").click()
    expect(page.get_by_role("link", name=f"Open {slug}@{number}")).to_be_visible(timeout=120_000)


def submit(author: Visitor, slug: str, number: int = 1) -> None:
    """Put a built draft up for publishing, with a note."""
    author.go(f"/environments/{slug}/{number}/")
    author.page.get_by_role("button", name="Submit for publishing…").click()
    author.page.get_by_label("Note to reviewers").fill("Please publish it.")
    author.page.get_by_role("button", name="Submit for publishing", exact=True).click()
    expect(author.page.get_by_text("Pending review").first).to_be_visible()


def publish(author: Visitor, reviewer: Visitor, slug: str, number: int = 1) -> None:
    """Submit, review, approve."""
    submit(author, slug, number)
    reviewer.go("/admin/environments/")
    reviewer.page.get_by_role("row", name=f"{slug}@{number}").get_by_role("link", name="Review").click()
    expect(reviewer.page.get_by_text("Please publish it.").first).to_be_visible()
    reviewer.check()
    reviewer.page.keyboard.press("a")
    expect(reviewer.page.get_by_role("dialog")).to_contain_text(f"{slug}@{number}")
    reviewer.page.get_by_role("button", name="Approve and publish").click()
    expect(reviewer.page.get_by_text("is published. Everyone can pick it now.")).to_be_visible()
