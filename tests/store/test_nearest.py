"""The nearest published versions: read from a file that processes share, and always as the database is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from support.people import built, draft, lock_of, person

from assay.core.events import EventName
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.compose.draft import new_version
from assay.flow.review import review
from assay.store import packed_files
from assay.store.audit_log import record
from assay.store.models import Version
from assay.store.packed_files import open_packed, write_packed
from assay.store.reads import nearest as read
from assay.store.reads.nearest import index_of, need_of, newest_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.ADMIN)


@pytest.fixture
def file(ana: Actor) -> Iterator[Path]:
    """Return where the index of the workspace is kept; forget it before and after."""
    read._indexes.clear()
    path = read.file_of(ana.workspace_id)
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)
    read._indexes.clear()


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
    found = read.nearest(actor, need_of(version), exclude=version.reference)
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
    with index_of(ana) as index:
        assert index.keys == ["geo@1", "geo@2"]
        assert newest_of(index.keys) == ["geo@2"]


def test_a_base_is_part_of_the_need(ana: Actor, ben: Actor) -> None:
    """What the bases under a spec ask for has to be covered too, and what they hold counts for a candidate."""
    published(ana, ben, pinned(ana, "ds", "pandas", pandas="2.2", numpy="1.26"))
    need = pinned(ana, "geo", "shapely", base="ds@1", pandas="2.2", numpy="1.26", shapely="2.0")
    published(ana, ben, pinned(ana, "maps", "shapely", shapely="2.0", numpy="1.26"))
    published(ana, ben, pinned(ana, "all", "rasterio", base="ds@1", shapely="2.0", pandas="2.2", rasterio="1"))
    assert need_of(need).lines == ("shapely", "pandas")
    missing = {one.key: one.missing for one in read.nearest(ana, need_of(need))}
    assert missing == {"ds@1": ("shapely",), "maps@1": ("pandas",), "all@1": ()}
    with index_of(ana) as index:
        assert index.profile("all@1").lines == ("rasterio", "pandas")


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
    read._indexes.clear()
    people = [ana, person("b", workspace="two"), person("c", workspace="three")]
    for one in people:
        read.nearest(one, need_of(draft(one, "mine", "six")))
    assert list(read._indexes) == [people[1].workspace_id, people[2].workspace_id]


# The file


@pytest.fixture
def large(ana: Actor, ben: Actor, file: Path, monkeypatch: pytest.MonkeyPatch) -> Version:  # noqa: ARG001 - empty
    """Make a workspace of three versions, of which a request reads one at most; return the one to compare with."""
    for number, slug in enumerate(("one", "two", "three")):
        published(ana, ben, pinned(ana, slug, "six", six="1", attrs=str(number)))
    monkeypatch.setattr(read, "READ_AT_ONCE", 1)
    return pinned(ana, "need", "six", six="1", attrs="0")


def restart() -> None:
    """Forget what this process has in memory."""
    read._indexes.clear()


def test_a_request_reads_few_versions_until_the_file_is_there(ana: Actor, large: Version) -> None:
    """The newest ones, and says so; then all."""
    workspace = ana.workspace_id
    assert told(ana, large) == [("three@1", True)]
    assert not read.is_complete(workspace)
    assert read.is_file_due(workspace)
    assert read.write_file(workspace) == 3
    assert not read.is_file_due(workspace)
    assert told(ana, large) == [("one@1", True), ("three@1", True), ("two@1", True)]
    assert read.is_complete(workspace)


def test_after_a_start_it_is_read_from_the_file(ana: Actor, ben: Actor, large: Version) -> None:
    """With what changed since: a few queries, and no library of a version that is in the file."""
    read.write_file(ana.workspace_id)
    retire.deprecate(ben, "one", 1, reason="old")
    published(ana, ben, pinned(ana, "four", "six", six="1", attrs="0"))
    restart()
    with CaptureQueriesContext(connection) as queries:
        assert [key for key, _ in told(ana, large)] == ["four@1", "three@1", "two@1"]
    assert len(queries) == 7
    assert read.is_complete(ana.workspace_id)


def test_what_a_request_does_not_read_is_left_to_the_worker(
    ana: Actor, ben: Actor, large: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removals count at once; of many new versions the newest ones are compared until the file is written again."""
    workspace = ana.workspace_id
    read.write_file(workspace)
    assert len(told(ana, large)) == 3
    retire.quarantine(ben, "two", 1, reason="bad")
    for slug in ("four", "five"):
        published(ana, ben, pinned(ana, slug, "six", six="1"))
    assert {key for key, _ in told(ana, large)} == {"one@1", "three@1", "five@1"}
    assert not read.is_complete(workspace)
    monkeypatch.setattr(read, "DUE_CHANGES", 1)
    assert read.is_file_due(workspace)
    assert read.write_file(workspace) == 4
    assert {key for key, _ in told(ana, large)} == {"one@1", "three@1", "four@1", "five@1"}
    assert read.is_complete(workspace)
    monkeypatch.setattr(read, "MAX_CHANGES", 0)
    monkeypatch.setattr(read, "DUE_EVENTS", 1)
    published(ana, ben, pinned(ana, "six", "six", six="1"))
    assert len(told(ana, large)) == 5
    assert read.is_file_due(workspace)


def test_more_changes_than_a_request_reloads(
    ana: Actor, ben: Actor, large: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is compared that is not published any more."""
    read.write_file(ana.workspace_id)
    assert len(told(ana, large)) == 3
    monkeypatch.setattr(read, "MAX_RELOADED", 1)
    retire.quarantine(ben, "three", 1, reason="bad")
    retire.quarantine(ben, "two", 1, reason="bad")
    assert told(ana, large) == [("one@1", True)]


@pytest.mark.parametrize("wrong", [b"", b"nothing", None])
def test_a_damaged_file_is_written_anew(ana: Actor, large: Version, file: Path, wrong: bytes | None) -> None:
    """Half of it, another file, or a byte that the disk has changed."""
    read.write_file(ana.workspace_id)
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    file.write_bytes(content if wrong is None else wrong)
    restart()
    assert told(ana, large) == [("three@1", True)]
    assert not file.exists()
    assert read.is_file_due(ana.workspace_id)
    read.write_file(ana.workspace_id)
    assert len(told(ana, large)) == 3


def test_the_file_of_another_database_is_not_used(ana: Actor, large: Version, file: Path) -> None:
    """E.g. after a backup was restored: its log does not continue."""
    read.write_file(ana.workspace_id)
    packed = open_packed(file)
    assert packed
    write_packed(file, {}, {**packed.facts, "head": "other"})
    restart()
    assert told(ana, large) == [("three@1", True)]
    assert read.is_file_due(ana.workspace_id)
    assert read.write_file(ana.workspace_id) == 3


def test_events_that_change_no_version_are_not_followed(ana: Actor, large: Version) -> None:
    """Starts and runs are many; they name environments, too."""
    read.write_file(ana.workspace_id)
    told(ana, large)
    with transaction.atomic():
        record(EventName.SERVER_LAUNCHED, workspace_id=ana.workspace_id, actor="ana", environment="one", number=1)
    with CaptureQueriesContext(connection) as queries:
        assert len(told(ana, large)) == 3
    assert len(queries) == 3


@pytest.mark.usefixtures("large")
def test_a_full_disk_leaves_the_earlier_file(ana: Actor, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it. What a killed process left is removed later."""
    read.write_file(ana.workspace_id)
    before = file.read_bytes()
    left = file.with_name(f"{file.name}.1.new")
    left.write_bytes(b"half")
    fresh = file.with_name(f"{file.name}.2.new")
    fresh.write_bytes(b"being written")
    os.utime(left, (0, time.time() - packed_files.LEFT_SECONDS - 1))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        read.write_file(ana.workspace_id)
    assert file.read_bytes() == before
    assert list(file.parent.glob(f"{file.name}.*")) == [fresh]
    fresh.unlink()


def test_it_is_replaced_while_it_is_read(ana: Actor, ben: Actor, large: Version) -> None:
    """Who reads the earlier file reads on in it, and then takes the new one."""
    read.write_file(ana.workspace_id)
    with index_of(ana) as index:
        read.write_file(ana.workspace_id)
        assert len(index.nearest(need_of(large))) == 3
    retire.deprecate(ben, "one", 1, reason="old")
    read.write_file(ana.workspace_id)
    assert len(told(ana, large)) == 2


@pytest.mark.usefixtures("file")
def test_a_small_workspace_needs_no_file(ana: Actor) -> None:
    """A request reads it in less time than a file takes."""
    assert not read.is_file_due(ana.workspace_id)
