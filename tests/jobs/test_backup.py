"""Everything is destroyed between a backup and its restore: what was published is there again, file for file."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs.test_crash import Pieces
from support.index import LocalIndex
from support.postgresql import running_postgresql


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """Serve one library."""
    index = LocalIndex()
    index.add("lib-geo")
    yield index
    index.close()


@pytest.fixture
def pieces(tmp_path: Path, index: LocalIndex) -> Iterator[Pieces]:
    """Run an installation in which geo@1 is published."""
    pieces = Pieces(tmp_path / "home", index.url)
    pieces.start("serve")
    pieces.start("worker")
    pieces.ended(pieces.build("geo"))
    pieces.call("ana", "POST", "/environments/geo/versions/1/submit", {"note": "please"})
    digest = pieces.call("ben", "GET", "/environments/geo/versions/1")["digest"]
    pieces.call("ben", "POST", "/environments/geo/versions/1/approve", {"digest": digest})
    yield pieces
    for name in list(pieces.running):
        pieces.kill(name)


def stop(pieces: Pieces) -> None:
    """End both processes, as a service manager does."""
    for name, process in list(pieces.running.items()):
        process.terminate()
        process.wait(20)
        del pieces.running[name]


@pytest.mark.postgres
def test_everything_is_destroyed_in_between_and_moves_on(pieces: Pieces, tmp_path: Path) -> None:
    """A backup while people work; environments are built again, to the same digest; then every row moves."""
    key, file = tmp_path / "key", tmp_path / "assay.backup"
    key.write_text("a key of more than sixteen bytes")
    before = published(pieces)
    assert "rows of" in pieces.command("backup", str(file), "--key-file", str(key))
    stop(pieces)
    shutil.rmtree(pieces.home)
    said = pieces.command("restore", str(file), "--key-file", str(key))
    assert "1 environment will be built again" in said
    assert "Next: assay up" in said
    start(pieces)
    for _ in range(600):
        after = published(pieces)
        if after["health"] == before["health"]:
            break
        time.sleep(0.05)
    same = ("status", "digest", "health", "spec", "published", "author")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    told = [one["name"] for one in after["events"]]
    assert told[: len(before["events"])] == [one["name"] for one in before["events"]]
    launch = pieces.call("ben", "POST", "/kernels", {"environment": "geo@1"})
    assert launch["digest"] == before["digest"]
    assert (Path(launch["prefix"]) / "assay.json").exists()
    stop(pieces)
    with running_postgresql(Path(tempfile.mkdtemp(prefix="assay-pg-"))) as address:  # a short path, for its socket
        assert "Copied and compared" in pieces.command("database", "move", address)
        pieces.env["ASSAY_DATABASE"] = address
        assert pieces.command("audit", "verify")
        pieces.start("serve")
        moved = published(pieces)
        assert {name: moved[name] for name in same} == {name: after[name] for name in same}
        assert moved["events"][: len(after["events"])] == after["events"]
        new(pieces)
        stop(pieces)


def published(pieces: Pieces) -> dict[str, Any]:
    """Return the published version."""
    return pieces.call("ben", "GET", "/environments/geo/versions/1")


def start(pieces: Pieces) -> None:
    """Start both processes."""
    pieces.start("serve")
    pieces.start("worker")


def new(pieces: Pieces) -> None:
    """Make another environment, and ask for a build: new rows need new numbers."""
    body = {"slug": "next", "title": "next", "python": "3.11", "libraries": ["lib-geo"]}
    pieces.call("ana", "POST", "/environments", body)
    pieces.call("ana", "POST", "/environments/next/versions/1/build", {})
