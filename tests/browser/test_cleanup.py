"""The quarterly review: from 30 environments with a year of history to a clean list, by pages alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from support.database import start_migrated
from support.feed import CRITICAL, record, write_feed
from support.history import serve
from support.history_data import ADMIN, LEFT, STORIES
from support.index import LocalIndex
from support.server import Desk, running, variables
from support.visitor import Visitor, submit

TESTS = Path(__file__).parents[1]
COUNTED = 180.0  # seconds, at most


@dataclass
class Year:
    """A desk after a year, and its API as the administrator calls it."""

    desk: Desk
    token: str

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return the answer of the API."""
        address = f"{self.desk.url}/api/v1/workspaces/default{path}"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return all environments by short name."""
        return {one["slug"]: one for one in self.get("/environments?limit=200")["items"]}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """Write a year of history into a home, and start everything in it."""
    folder = tmp_path_factory.mktemp("year")
    index = LocalIndex()
    serve(index)
    feed = write_feed(
        folder / "all.zip", record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "10.3.0"), cvss=CRITICAL)
    )
    home, given = folder / "home", {"ASSAY_INDEX": index.url}
    start_migrated(home)
    env = {
        **variables(home, 8000),
        **given,
        "PYTHONPATH": str(TESTS),
        "DJANGO_SETTINGS_MODULE": "assay.server.settings",
    }
    subprocess.run([sys.executable, "-m", "support.history", "--advisories", feed], env=env, check=True)
    with running(home, **given) as desk:
        yield Year(desk, desk.token(ADMIN))
    index.close()


def test_the_year_has_what_a_review_looks_for(year: Year) -> None:
    """30 environments: unused, superseded, nearly the same, of an owner who left, at risk, on an old Python."""
    rows = year.rows()
    assert set(rows) == {one.slug for one in STORIES}
    assert len(rows) == 30
    assert sum(one["people_30d"] == 0 for one in rows.values()) >= 9
    assert {slug for slug, one in rows.items() if one["owner"] in LEFT} == {
        "churn-weekly",
        "interns",
        "old-dash",
        "survey",
    }
    assert rows["images"]["health"] == "attention"
    assert rows["stats-old"]["status"] == "deprecated"
    superseded = [slug for slug, one in rows.items() if one["version"] > 1]
    assert sorted(superseded) == ["etl", "fraud", "platform", "reports"]
    groups = {frozenset(one["environments"]) for one in year.get("/duplicates")["items"]}
    pairs = {("churn@1", "churn-weekly@1"), ("geo@1", "maps@1"), ("sales@1", "sales-emea@1")}
    assert groups == {frozenset(pair) for pair in pairs}
    assert [rows[slug]["base"] for slug in ("basket", "forecast", "pricing")] == ["platform@1"] * 3
    published = [year.get(f"/environments/{slug}/versions/1")["published"] for slug in ("reports", "quality")]
    assert published == sorted(published)


def test_from_thirty_to_twelve(year: Year, browser: Browser) -> None:
    """An administrator cleans the list up by pages alone; a reviewer approves what is merged and rebased."""
    olga, ben = Visitor(year.desk, browser, ADMIN), Visitor(year.desk, browser, "ben")
    deprecate_unused(olga)
    merge(olga, ("sales@1", "sales-emea@1"), "sales")
    merge(olga, ("churn@1", "churn-weekly@1"), "churn")
    merge(olga, ("geo@1", "maps@1"), "geo")
    merge(olga, ("basket@1", "forecast@1", "pricing@1"), "forecast")
    for slug in ("sales", "churn", "geo", "forecast"):
        approve(ben, slug, 2)
    rebase(olga, "platform")
    approve(ben, "forecast", 3)
    for slug, successor in (("archive", "platform@2"), ("risk", "fraud@2"), ("quality", "stats@1")):
        deprecate(olga, slug, successor)
    retire(olga, "stats-old")
    give(olga, "survey", "ines")
    keep(olga, "images@1")
    olga.go("/environments/?status=published")
    slugs = olga.page.locator("#catalogue tbody td:first-child code").all_inner_texts()
    left = "churn etl forecast fraud geo images nlp platform reports sales stats survey"
    assert sorted(slugs) == left.split()
    olga.go("/admin/usage/review")
    for slug in ("hackathon", "stats-old"):
        expect(olga.page.get_by_label(f"Select {slug}@1")).to_have_count(0)
    assert (olga.wrong, ben.wrong) == ([], [])


def in_days(days: int) -> str:
    """Return a day as a date field takes it."""
    return str((datetime.now(UTC) + timedelta(days=days)).date())


def deprecate_unused(visitor: Visitor) -> None:
    """Deprecate all that was not used for long, in one confirmation that lists it."""
    page = visitor.page
    visitor.go("/admin/usage")
    page.get_by_role("link", name="To review").click()
    unused = page.get_by_role("navigation", name="Reasons").get_by_role("link", name="Unused 14", exact=True)
    until = time.monotonic() + COUNTED
    while not unused.count():  # the worker counts a year of launches first, and then makes the list
        assert time.monotonic() < until, page.locator("main").inner_text()
        page.wait_for_timeout(300)
        page.reload()
    unused.click()
    page.get_by_label("Select page").check()
    page.get_by_label("Action", exact=True).select_option("deprecate")
    visitor.check()
    page.get_by_role("button", name="Continue with selected…").click()
    for slug in ("hackathon", "poc-llm", "trial-spark", "old-dash", "kickoff", "benchmarks", "interns", "migration"):
        expect(page.get_by_role("row", name=re.compile(f"{slug}@1"))).to_be_visible()
    expect(page.get_by_label("Successor of reports@1")).to_have_value("reports@3")
    page.get_by_label(re.compile("^Message|^Why")).fill("Nobody used it for months.")
    page.get_by_label(re.compile("^Last day")).fill(in_days(30))
    visitor.check()
    page.get_by_role("button", name="Deprecate versions").click()
    expect(page.get_by_text(re.compile("versions are deprecated"))).to_be_visible()


def give(visitor: Visitor, slug: str, to: str) -> None:
    """Give an environment whose owner left to somebody else, from the list."""
    page = visitor.page
    visitor.go("/admin/usage/review?reason=owner-left")
    page.get_by_role("link", name=re.compile(f"^Give to another owner.* {slug}@1")).first.click()
    page.get_by_label("New owner").fill(to)
    page.get_by_role("button", name="Give environment").click()
    expect(page.get_by_text(f"belongs to {to} now.")).to_be_visible()


def keep(visitor: Visitor, reference: str) -> None:
    """Keep a version that the list names, until a day and with a reason."""
    page = visitor.page
    visitor.go("/admin/usage/review")
    page.get_by_label(f"Select {reference}").check()
    page.get_by_label("Action", exact=True).select_option("keep")
    page.get_by_role("button", name="Continue with selected…").click()
    page.get_by_label(re.compile("^Until|^Keep until")).fill(in_days(90))
    page.get_by_label(re.compile("^Reason|^Why")).fill("The thumbnails move to another service next quarter.")
    page.get_by_role("button", name=re.compile("^Keep")).click()
    visitor.go("/admin/usage/review?kept=1")
    expect(page.get_by_text("The thumbnails move to another service")).to_be_visible()


def merge(visitor: Visitor, sources: tuple[str, ...], slug: str) -> None:
    """Merge some versions into the next version of one of them, build it and submit it."""
    page = visitor.page
    visitor.go("/admin/merge")
    for source in sources:
        page.get_by_label(re.compile("First environment|Next environment")).fill(source)
        page.get_by_role("button", name="Add environment").click()
        expect(page.get_by_role("link", name=source, exact=True)).to_be_visible()
    page.get_by_label("Short name").fill(slug)
    page.get_by_role("button", name="Create draft").click()
    page.get_by_role("button", name="Build version").click()
    expect(page.get_by_role("link", name=f"Open {slug}@2")).to_be_visible(timeout=120_000)
    submit(visitor, slug, 2)


def approve(reviewer: Visitor, slug: str, number: int) -> None:
    """Approve a version, with its warnings if it has any."""
    reviewer.go(f"/environments/{slug}/{number}/review")
    reviewer.page.get_by_role("button", name=re.compile("^Approve")).first.click()
    reviewer.page.get_by_role("dialog").get_by_role("button", name=re.compile("^Approve")).click()
    expect(reviewer.page.get_by_text(f"{slug}@{number} is published.")).to_be_visible()


def rebase(visitor: Visitor, base: str) -> None:
    """Rebase everything that builds on an older version of a base, and wait until it is submitted."""
    visitor.go(f"/environments/{base}/rebase")
    visitor.page.get_by_role("button", name=re.compile("^Rebase all")).click()
    expect(visitor.page.get_by_role("link", name=re.compile("^Review")).first).to_be_visible(timeout=120_000)


def deprecate(visitor: Visitor, slug: str, successor: str) -> None:
    """Deprecate a version with one of the proposed successors, or another one."""
    page = visitor.page
    visitor.go(f"/environments/{slug}/")
    page.get_by_role("link", name="Deprecate…").click()
    page.wait_for_url("**/deprecate")  # loaded, with its scripts: a choice before that is not noticed
    expect(page.get_by_role("heading", name=f"Deprecate {slug}@1")).to_be_visible()
    proposed = page.get_by_role("radio", name=re.compile(f"^{successor}"))
    if proposed.count():
        proposed.check()
    else:
        page.get_by_label("Another version").last.fill(successor)
        page.get_by_label("Another version").last.press("Tab")
    expect(page.get_by_role("heading", name=f"What {successor} covers")).to_be_visible()
    page.get_by_label("Message").fill(f"Use {successor}.")
    page.get_by_role("button", name="Deprecate version").click()
    expect(page.get_by_text(f"{slug}@1 is deprecated").first).to_be_visible()


def retire(visitor: Visitor, slug: str) -> None:
    """Retire a deprecated version: its name is typed."""
    visitor.go(f"/environments/{slug}/1/retire")
    visitor.page.get_by_label(re.compile("^Why")).fill("Nobody uses it.")
    visitor.page.get_by_label(re.compile("^Type")).fill(f"{slug}@1")
    visitor.page.get_by_role("button", name="Retire version").click()
    expect(visitor.page.get_by_text(f"{slug}@1 is retired").first).to_be_visible()
