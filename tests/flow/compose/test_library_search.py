"""Search while composing: what the workspace uses first, and each name from the index that owns it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.index import LocalIndex
from support.people import built, draft, lock_of, person, published

from assay.core.errors import ForbiddenError
from assay.core.library_search import Match
from assay.core.roles import Actor, Role
from assay.flow.compose.library_search import search
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.watch.index_names import refresh_due
from assay.store.models import Environment, Lock, ProjectFacts, UsageSummary
from assay.store.reads import live_libraries

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(settings: Any, tmp_path: Path) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve an index that the installation uses."""
    index = LocalIndex(listed=["numpy", "num-tiny", "numba", "requests", "zz-numerals", "acme-numbers"])
    settings.INDEX_URL, settings.NAMES_HOURS = index.url, 24
    settings.HOME = tmp_path
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def names(actor: Actor, text: str, limit: int = 20) -> list[str]:
    """Return the names that are found."""
    return [one.name for one in search(actor, text, limit)]


def test_live_ones_first_then_widely_used_ones_then_the_rest(index: LocalIndex, ana: Actor) -> None:
    """With where and in which version; people count more than the number of environments."""
    del index
    refresh_due()
    ben = person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["num-tiny"], {"num-tiny": "1.0", "numba": "0.6"})
    published(ana, ben, "tiles", ["num-tiny"], {"num-tiny": "2.0"})
    assert names(ana, "num")[:3] == ["num-tiny", "numba", "numpy"]
    assert set(names(ana, "num")[-2:]) == {"acme-numbers", "zz-numerals"}, "similar ones at the end"
    found = search(ana, "num", 1)[0]
    assert (found.match, found.environments, found.people, found.index) == (Match.PREFIX, 2, 0, "default")
    assert [(one.version, one.count, one.environments) for one in found.live] == [
        ("2.0", 1, ("tiles@1",)),
        ("1.0", 1, ("geo@1",)),
    ]
    assert search(ana, "numpy", 1)[0].widely_used


def test_people_count_most(index: LocalIndex, ana: Actor) -> None:
    """A library of one environment that many launch is ahead of one of two that nobody does."""
    del index
    ben = person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["num-tiny"], {"num-tiny": "1.0"})
    published(ana, ben, "tiles", ["num-tiny"], {"num-tiny": "2.0"})
    version = published(ana, ben, "fast", ["numba"], {"numba": "0.6"})
    UsageSummary.objects.update_or_create(
        environment=version.environment,
        days=30,
        defaults={
            "workspace_id": ana.workspace_id,
            "people": 12,
            "computed_at": version.created_at,
        },
    )
    assert names(ana, "num")[:2] == ["numba", "num-tiny"]
    assert search(ana, "numba", 1)[0].people == 12
    assert names(ana, "num")[:2] == ["numba", "num-tiny"], "the counts are kept for minutes"


def test_a_typing_error_leads_to_what_was_meant(index: LocalIndex, ana: Actor) -> None:
    """Similar names come after those that begin with the text; too short a text has no similar ones."""
    del index
    refresh_due()
    assert names(ana, "nmupy")[0] == "numpy"
    assert names(ana, "reqeusts")[0] == "requests"
    assert "zz-numerals" not in names(ana, "nu")
    assert names(ana, "") == names(ana, " >") == []


def test_without_a_list_widely_used_names_are_offered_with_one_only_those_it_has(
    index: LocalIndex, ana: Actor
) -> None:
    """`pandas` is known before the names are fetched; an index without it does not offer it."""
    del index
    assert "pandas" in names(ana, "panda")
    refresh_due()
    assert "pandas" not in names(ana, "panda")
    assert "numpy" in names(ana, "num")


def test_a_name_that_belongs_to_an_index_comes_from_that_index_only(index: LocalIndex, ana: Actor) -> None:
    """Whatever the default index has under that name is no answer (dependency confusion)."""
    del index
    admin = person("admin", Role.ADMIN)
    team = LocalIndex(listed=["acme-core", "numpy", "numbers"])
    try:
        add_index(admin, IndexInput(name="own", url=team.url, patterns=("acme-*",), allow_private=True))
        refresh_due()
        assert names(ana, "acme") == ["acme-core"]
        assert search(ana, "acme", 1)[0].index == "own"
        assert "numbers" not in names(ana, "num"), "the team's index owns acme-* only"
    finally:
        team.close()


def test_summary_and_newest_are_shown_where_they_are_known(index: LocalIndex, ana: Actor) -> None:
    """The summary from a report, the newest release from the index's answer; a report is read once."""
    del index
    live_libraries._KNOWN.clear()
    version = published(ana, person("ben", Role.REVIEWER), "geo", ["num-tiny"], {"num-tiny": "1.0"})
    report = version.lock.report if version.lock else {}
    report["libraries"][0]["summary"] = "Tiny numbers."
    Lock.objects.update(report=report)
    ProjectFacts.objects.create(
        name="num-tiny",
        fetched_at=version.created_at,
        document={
            "newest": "3.0",
            "newest_at": "",
            "status": "active",
            "status_reason": "",
            "yanked": {},
            "attested": [],
        },
    )
    found = search(ana, "num-tiny", 1)[0]
    assert (found.summary, found.newest) == ("Tiny numbers.", "3.0")
    with CaptureQueriesContext(connection) as captured:
        search(ana, "num", 20)
    assert len(captured) <= 7, [one["sql"] for one in captured]


def test_only_a_few_reports_are_kept(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first."""
    live_libraries._KNOWN.clear()
    monkeypatch.setattr(live_libraries, "KEPT_LOCKS", 1)
    ben = person("ben", Role.REVIEWER)
    for slug, name in (("geo", "num-tiny"), ("tiles", "num-large")):
        published(ana, ben, slug, [name], {name: "1.0"})
    search(ana, "num", 20)
    assert len(live_libraries._KNOWN) == 1


def test_drafts_are_not_live_and_a_viewer_does_not_compose(index: LocalIndex, ana: Actor) -> None:
    """What only a draft has is as any other name."""
    del index
    draft(ana, "mine", "num-mine")
    built(ana, "mine", lock=lock_of({"num-mine": "1.0"}))
    assert "num-mine" not in names(ana, "num-mine")
    assert Environment.objects.count() == 1
    with pytest.raises(ForbiddenError):
        search(replace(ana, role=Role.VIEWER), "num", 5)
