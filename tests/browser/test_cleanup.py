"""The quarterly review: from 30 environments with a year of history to a clean list, by pages alone."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.feed import CRITICAL, record, write_feed
from support.history import serve
from support.history_data import ADMIN, LEFT, STORIES
from support.index import LocalIndex
from support.server import Desk, running, variables

TESTS = Path(__file__).parents[1]


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
    home.mkdir()
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
