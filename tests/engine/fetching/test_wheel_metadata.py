"""METADATA from inside a wheel, by range requests: little is read, and nothing is trusted."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator

import pytest
from support.index import LocalIndex, Wheel

from assay.engine.fetching import wheel_metadata
from assay.engine.fetching.network import Network
from assay.engine.fetching.wheel_metadata import read_wheel_metadata
from assay.engine.interface import Index

PATH = "tiny-1.0.dist-info/METADATA"


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """Serve an index that sends parts of files."""
    index = LocalIndex(ranges=True)
    yield index
    index.close()


def archive(files: dict[str, bytes]) -> bytes:
    """Make an archive without compression."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for path, content in files.items():
            made.writestr(path, content)
    return packed.getvalue()


def read(index: LocalIndex, content: bytes, size: int | None = None) -> bytes | None:
    """Serve the content as a wheel, and read its metadata."""
    wheel = Wheel(name="tiny", version="1.0", content=content, metadata=b"")
    index.wheels = [wheel]
    network = Network((Index(url=index.url, trusted=True),))
    url = f"{index.url.removesuffix('/simple')}/files/{wheel.filename}"
    return read_wheel_metadata(network, url, len(content) if size is None else size)


def test_only_the_needed_blocks_of_a_large_wheel_are_fetched(index: LocalIndex) -> None:
    """The directory at its end, and the block of the metadata."""
    content = archive({"big.bin": os.urandom(1_000_000), PATH: b"Name: tiny\n", "more.bin": os.urandom(300_000)})
    assert read(index, content) == b"Name: tiny\n"
    assert len(index.served) <= 4


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        b"",
        archive({"tiny.py": b""}),
        archive({"x/tiny-1.0.dist-info/METADATA": b"Name: tiny"}),
        archive({PATH: b"Name: tiny", "other-1.0.dist-info/METADATA": b"Name: other"}),
        archive({PATH: b"x" * 100})[:-30],
    ],
)
def test_what_is_no_wheel_has_none(index: LocalIndex, content: bytes) -> None:
    """Broken, without metadata, or with two."""
    assert read(index, content) is None


def test_limits_and_servers_without_ranges(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large metadata, too many blocks, a wrong size, a server that sends the whole file or fails."""
    content = archive({"big.bin": os.urandom(200_000), PATH: b"Name: tiny\n"})
    assert read(index, content, len(content) + 5) is None
    with monkeypatch.context() as limits:
        limits.setattr(wheel_metadata, "MAX_METADATA", 3)
        assert read(index, content) is None
    with monkeypatch.context() as limits:
        limits.setattr(wheel_metadata, "MAX_BYTES", 0)
        assert read(index, content) is None
    index.ranges = False
    assert read(index, content) is None
    index.ranges = True
    index.misbehave["tiny-1.0-py3-none-any.whl"] = "dies"
    assert read(index, content) is None
