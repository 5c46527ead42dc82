"""The nearest published versions: kept in memory, and always as the database is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.people import built, draft, lock_of, person

from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.compose.draft import new_version
from assay.flow.review import review
from assay.store.models import Version
from assay.store.reads import nearest as read
from assay.store.reads.nearest import need_of, newest_of, shelf_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.ADMIN)


def pinned(actor: Actor, slug: str, *libraries: str, base: str | None = None, **versions: str) -> Version:
    """Make a built draft that asks for these libraries and holds these versions."""
    draft(actor, slug, *libraries, base=base)
    return built(actor, slug, lock=lock_of(versions))


def published(author: Actor, reviewer: Actor, version: Version) -> Version:
    """Publish a built draft."""
    slug, number = version.environment.slug, version.number
    review.submit(author, slug, number, "please")
    return review.approve(reviewer, slug, number, digest=version.digest)


def told(actor: Actor, version: Version) -> list[tuple[str, bool]]:
    """Return what is near to a version and whether it covers it."""
    found = read.nearest(actor, need_of(version), but=version.reference)
    return [(one.key, one.covers) for one in found]


def test_it_is_as_the_database_is(ana: Actor, ben: Actor) -> None:
    """What is published appears, what is deprecated or quarantined goes, and drafts never show."""
    need = pinned(ana, "need", "pandas>=2", pandas="2.2", numpy="1.26")
    assert told(ana, need) == []
    ds = published(ana, ben, pinned(ana, "ds", "pandas", "scipy", pandas="2.2", numpy="1.26", scipy="1.13"))
    pinned(ana, "hidden", "pandas", pandas="2.2")
    published(ana, ben, pinned(ana, "old", "pandas<2", "attrs", pandas="1.5", numpy="1.26", attrs="1"))
    assert told(ana, need) == [("ds@1", True), ("old@1", False)]
    retire.deprecate(ben, "ds", 1, reason="old")
    assert told(ana, need) == [("old@1", False)]
    retire.restore(ben, "ds", 1)
    retire.quarantine(ben, "old", 1, reason="bad")
    assert told(ana, need) == [("ds@1", True)]
    assert told(ana, ds) == []


def test_a_new_version_takes_the_place_of_the_one_before(ana: Actor, ben: Actor) -> None:
    """An environment appears once, with its best version; of equally good ones with the newest."""
    need = pinned(ana, "need", "six", six="2")
    published(ana, ben, pinned(ana, "geo", "six", six="1"))
    assert told(ana, need) == [("geo@1", True)]
    new_version(ana, "geo")
    second = published(ana, ben, built(ana, "geo", 2, lock_of({"six": "2"})))
    assert told(ana, need) == [("geo@2", True)]
    found = read.nearest(ana, need_of(need))[0]
    assert (found.identical, found.score) == (True, 1.0)
    assert second.digest == need.digest
    with shelf_of(ana) as shelf:
        assert shelf.keys == ["geo@1", "geo@2"]
        assert newest_of(shelf.keys) == ["geo@2"]


def test_a_base_is_part_of_the_need(ana: Actor, ben: Actor) -> None:
    """What the bases under a spec ask for has to be covered too, and what they hold counts for a candidate."""
    published(ana, ben, pinned(ana, "ds", "pandas", pandas="2.2", numpy="1.26"))
    need = pinned(ana, "geo", "shapely", base="ds@1", pandas="2.2", numpy="1.26", shapely="2.0")
    published(ana, ben, pinned(ana, "maps", "shapely", shapely="2.0", numpy="1.26"))
    published(ana, ben, pinned(ana, "all", "rasterio", base="ds@1", shapely="2.0", pandas="2.2", rasterio="1"))
    assert need_of(need).lines == ("shapely", "pandas")
    missing = {one.key: one.missing for one in read.nearest(ana, need_of(need))}
    assert missing == {"ds@1": ("shapely",), "maps@1": ("pandas",), "all@1": ()}
    with shelf_of(ana) as shelf:
        assert shelf.profile("all@1").lines == ("rasterio", "pandas")


def test_before_it_is_built_only_the_lines_count(ana: Actor, ben: Actor) -> None:
    """A draft that nobody built has a nearest version too."""
    published(ana, ben, pinned(ana, "ds", "pandas", "numpy", pandas="2.2", numpy="1.26"))
    need = draft(ana, "need", "numpy>=1.25")
    assert told(ana, need) == [("ds@1", True)]


def test_workspaces_do_not_meet(ana: Actor, ben: Actor) -> None:
    """What another workspace has published is not there."""
    published(ana, ben, pinned(ana, "ds", "six", six="1"))
    stranger = person("eve", workspace="other")
    assert told(stranger, draft(stranger, "mine", "six")) == []


def test_asking_again_costs_one_query(ana: Actor, ben: Actor) -> None:
    """Nothing happened: only the trail's head is read. Something did: a few queries, whatever the size."""
    need = need_of(pinned(ana, "need", "six", six="1"))
    published(ana, ben, pinned(ana, "ds", "six", six="1"))
    read.nearest(ana, need)
    with CaptureQueriesContext(connection) as quiet:
        read.nearest(ana, need)
    published(ana, ben, pinned(ana, "geo", "six", six="1"))
    with CaptureQueriesContext(connection) as busy:
        assert len(read.nearest(ana, need)) == 2
    assert (len(quiet), len(busy)) == (1, 6)


def test_few_workspaces_are_kept(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the shelf that was asked longest ago goes."""
    monkeypatch.setattr(read, "WORKSPACES", 2)
    read._shelves.clear()
    people = [ana, person("b", workspace="two"), person("c", workspace="three")]
    for one in people:
        read.nearest(one, need_of(draft(one, "mine", "six")))
    assert list(read._shelves) == [people[1].workspace_id, people[2].workspace_id]
