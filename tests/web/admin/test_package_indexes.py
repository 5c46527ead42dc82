"""Admin → Package indexes: what the search knows of each index, and its refresh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.caller import Caller
from support.index import LocalIndex
from support.people import person, visitor

from assay.core.roles import Role
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.watch.index_names import refresh_due

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings: Any, tmp_path: Path) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index that the installation uses."""
    index = LocalIndex(listed=["numpy", "six"])
    settings.INDEX_URL, settings.HOME, settings.NAMES_HOURS = index.url, tmp_path, 24
    yield index
    index.close()


def test_names_and_their_age_are_shown_for_each_index(index: LocalIndex, settings: Any) -> None:  # noqa: ANN401 - as above
    """None yet, then how many and since when; an index that does not respond says so and keeps its names."""
    admin = person("admin", Role.ADMIN)
    client = visitor(admin)
    assert "No names yet." in client.get("/admin/package-indexes/").content.decode()
    add_index(admin, IndexInput(name="own", url=index.url, patterns=("acme-*",), allow_private=True))
    settings.NAMES_HOURS = 0
    page = client.post("/admin/package-indexes/default/names", follow=True).content.decode()
    assert "The names of default are being refreshed" in page
    assert "Refresh requested" in page
    assert "Automatic refresh is off" in page
    refresh_due()
    page = client.get("/admin/package-indexes/").content.decode()
    assert "<strong>2</strong> names for search" in page
    assert page.count("Refresh names") == 2
    index.root = (500, "text/plain", b"")
    client.post("/admin/package-indexes/default/names")
    refresh_due()
    page = client.get("/admin/package-indexes/").content.decode()
    assert "The last refresh failed" in page
    assert "<strong>2</strong> names for search" in page


def test_a_reviewer_may_not_refresh(index: LocalIndex) -> None:
    """Indexes are the administrators' business."""
    del index
    assert visitor(person("ben", Role.REVIEWER)).post("/admin/package-indexes/default/names").status_code == 403


def test_the_api_searches_and_shows_the_state(index: LocalIndex) -> None:
    """The contract: names with summary, newest, where live; the state of the lists is for administrators."""
    del index
    admin, ana = Caller(person("admin", Role.ADMIN)), Caller(person("ana"))
    assert admin.get("/index-names").json()["items"][0]["count"] is None
    assert admin.post("/index-names/default/refresh").status_code == 202
    assert admin.get("/index-names").json()["items"][0]["refresh_requested"] is True
    refresh_due()
    assert admin.get("/index-names").json()["items"][0]["count"] == 2
    assert ana.get("/index-names").status_code == 403
    assert admin.post("/index-names/unknown/refresh").status_code == 404
    found = ana.get("/libraries?q=num&limit=5").json()["items"]
    assert [(one["name"], one["match"], one["live"], one["newest"]) for one in found] == [
        ("numpy", "prefix", [], None)
    ]
    assert ana.get("/libraries?q=num&limit=0").status_code == 422
    assert ana.get("/libraries").json() == {"items": [], "next": None}
