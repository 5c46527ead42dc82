"""Files that are written as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assay.engine.layout import write_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("flushed", [True, False])
def test_a_file_is_replaced_as_a_whole(tmp_path: Path, flushed: bool) -> None:
    """Nothing but the new content is left."""
    path = tmp_path / "one"
    path.write_bytes(b"earlier and longer")
    write_file(path, b"new", flushed=flushed)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("one", b"new")]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """What cannot be renamed is removed, and the earlier one stays."""
    (tmp_path / "one" / "inner").mkdir(parents=True)
    with pytest.raises(OSError, match="one"):
        write_file(tmp_path / "one", b"new")
    assert [one.name for one in tmp_path.iterdir()] == ["one"]
