"""An index and a place to build, for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bench import Bench
from support.index import LocalIndex

from assay.engine.layout import remove_tree


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """Serve an index."""
    index = LocalIndex()
    yield index
    index.close()


@pytest.fixture
def bench(tmp_path: Path, index: LocalIndex) -> Iterator[Bench]:
    """Give a place to build."""
    yield Bench(tmp_path, index)
    remove_tree(tmp_path / "environments")
    remove_tree(tmp_path / "wheels")
