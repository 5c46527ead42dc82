"""Loading feeds into the database: only what changed is written, and everyone sees the old or the new feed."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.feed import record, write_feed

from assay.cli.main import main
from assay.core.errors import InvalidInputError
from assay.flow.watch.advisories import feed_problem, is_feed_due, load_feed, refresh_feed
from assay.store.models import AdvisoryRecord, Feed
from assay.store.reads.advisories import current_feed, feed_facts

pytestmark = pytest.mark.django_db


def test_only_differences_are_written(tmp_path: Path) -> None:
    """Unchanged records are untouched, changed ones replaced, gone ones removed; malformed ones counted once."""
    one, two = record("PYSEC-1", "a", ("introduced", "0")), record("PYSEC-2", "a", ("introduced", "2.0"))
    first = load_feed(write_feed(tmp_path / "all.zip", one, two, raw={"PYSEC-3.json": b"{"}))
    assert (first.records, first.malformed, first.added, first.changed, first.removed) == (2, 1, 3, 0, 0)
    changed = record("PYSEC-2", "a", ("introduced", "3.0"))
    with CaptureQueriesContext(connection) as queries:
        second = load_feed(write_feed(tmp_path / "all.zip", changed, raw={"PYSEC-3.json": b"{"}))
    assert (second.records, second.malformed, second.added, second.changed, second.removed) == (1, 1, 0, 1, 1)
    assert len(queries) < 12
    current = current_feed()
    assert current is not None
    assert [match.id for match in current.index.matches("a", "3.1")] == ["PYSEC-2"]
    assert current.index.matches("a", "2.1") == ()
    assert current_feed() is current, "the index is made once per load"
    again = load_feed(str(tmp_path / "all.zip"))
    assert (again.added, again.changed, again.removed) == (0, 0, 0)


def test_a_bad_feed_leaves_the_old_one(tmp_path: Path) -> None:
    """An empty or unreadable feed changes nothing; without any feed nothing is assessed."""
    assert feed_facts() is None
    assert current_feed() is None
    load_feed(write_feed(tmp_path / "all.zip", record("PYSEC-1", "a", ("introduced", "0"))))
    for source in (write_feed(tmp_path / "empty.zip"), str(tmp_path / "none.zip")):
        with pytest.raises(InvalidInputError):
            load_feed(source)
    assert (Feed.objects.count(), AdvisoryRecord.objects.count()) == (1, 1)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`load` says what it did, `status` where the feed is from; a wrong path is an error with a hint."""
    assert main(["admin", "advisories", "status"]) == 1
    assert "not assessed" in capsys.readouterr().out
    source = write_feed(tmp_path / "all.zip", record("PYSEC-1", "a", ("introduced", "0")))
    assert main(["admin", "advisories", "load", source]) == 0
    assert capsys.readouterr().out.startswith("Loaded 1 record: 1 new")
    assert main(["admin", "advisories", "status"]) == 0
    assert source in capsys.readouterr().out
    assert main(["admin", "advisories", "load", str(tmp_path / "none.zip")]) == 1
    assert "There is no file" in capsys.readouterr().err


def test_a_feed_is_loaded_once_a_day(tmp_path: Path) -> None:
    """A failure is recorded with its reason, and tried again after a while; a success clears it."""
    source, now = str(tmp_path / "all.zip"), timezone.now()
    assert is_feed_due(source, now)
    with pytest.raises(InvalidInputError):
        refresh_feed(source)
    problem = feed_problem(source)
    assert problem is not None
    assert problem.error.startswith("There is no file")
    assert (feed_problem(""), feed_problem("another.zip")) == (None, None)
    assert not is_feed_due(source, now + timedelta(minutes=29))
    assert is_feed_due("another.zip", now)
    assert is_feed_due(source, now + timedelta(minutes=31))
    write_feed(tmp_path / "all.zip", record("PYSEC-1", "a", ("introduced", "0")))
    assert refresh_feed(source).records == 1
    assert feed_problem(source) is None
    assert not is_feed_due(source, now + timedelta(hours=23))
    assert is_feed_due(source, now + timedelta(hours=25))


@pytest.mark.skipif("ASSAY_TEST_ADVISORIES" not in os.environ, reason="ASSAY_TEST_ADVISORIES names no feed")
def test_a_real_feed_is_loaded_and_indexed() -> None:
    """A first load, a second one without changes, and the index."""
    assert load_feed(os.environ["ASSAY_TEST_ADVISORIES"]).records > 2500
    assert load_feed(os.environ["ASSAY_TEST_ADVISORIES"]).added == 0
    current = current_feed()
    assert current is not None
    assert len(current.index.matches("pillow", "8.0.0")) > 20


def test_a_record_that_stands_twice_counts_once(tmp_path: Path) -> None:
    """The first one of an archive counts."""
    one = record("PYSEC-1", "a", ("introduced", "1.0"))
    again = record("PYSEC-1", "a", ("introduced", "3.0"))
    path = write_feed(tmp_path / "all.zip", one, raw={"sub/PYSEC-1.json": json.dumps(again).encode()})
    loaded = load_feed(path)
    assert (loaded.records, loaded.added) == (1, 1)
    current = current_feed()
    assert current is not None
    assert [match.id for match in current.index.matches("a", "2.0")] == ["PYSEC-1"]
