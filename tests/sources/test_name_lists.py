"""Lists of names are read in order, and refused with their line where they are no lists of names."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.core.errors import InvalidInputError
from assay.sources.name_lists import MOST_USED, read_names


def test_names_are_normalised_in_order_and_once(tmp_path: Path) -> None:
    """Remarks and empty lines are passed over."""
    path = tmp_path / "names.txt"
    path.write_text("# ours\nNumPy\n\nruamel.yaml # fork\nnumpy\n")
    assert read_names(path) == ("numpy", "ruamel-yaml")


@pytest.mark.parametrize("content", [b"numpy\nnot a name\n", b"\xff\xfe", None])
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A line that is no name, bytes that are no text, a file that is not there."""
    path = tmp_path / "names.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="names"):
        read_names(path)


def test_the_shipped_list_is_small_and_names_its_source() -> None:
    """Below 80 kB, with source and date in its first line."""
    content = MOST_USED.read_text()
    assert len(content) < 80_000
    assert "Source: guarddog-" in content.splitlines()[0]
