"""Files of a project as indexes list them."""

from __future__ import annotations

import json
from datetime import date

import pytest

from assay.core.errors import UnavailableError
from assay.sources.project_files import read_files, read_headers, summary_of

AT = "https://index.example/simple/six"


def test_files_with_all_that_an_index_tells() -> None:
    """Relative addresses, old and new names of the metadata, what is missing."""
    files = [
        {
            "filename": "six-1.0-py3-none-any.whl",
            "url": "../../files/six-1.0-py3-none-any.whl",
            "hashes": {"sha256": "aa"},
            "size": 10,
            "upload-time": "2026-01-02T03:04:05Z",
            "requires-python": ">=3.9",
            "yanked": "broken",
            "core-metadata": {"sha256": "bb"},
        },
        {"filename": "six-0.9.tar.gz", "url": "https://files.example/six-0.9.tar.gz", "dist-info-metadata": True},
    ]
    new, old = read_files("six", json.dumps({"files": files}).encode(), AT)
    assert (new.url, new.sha256, new.size) == ("https://index.example/files/six-1.0-py3-none-any.whl", "aa", 10)
    assert (new.uploaded, new.requires_python, new.yanked, new.metadata) == (date(2026, 1, 2), ">=3.9", True, "bb")
    assert (old.sha256, old.size, old.uploaded, old.yanked, old.metadata) == ("", 0, None, False, "")


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}", b'{"files": [{}]}', b'{"files": 1}'])
def test_anything_else_is_an_error(content: bytes) -> None:
    """With what to do."""
    with pytest.raises(UnavailableError, match="not the JSON simple API"):
        read_files("six", content, AT)


def test_the_summary_is_one_line() -> None:
    """Folded lines are joined; none and UNKNOWN are ''."""
    assert (
        summary_of(read_headers(b"Name: six\r\nSummary: Python 2\r\n  and 3\r\n\r\nSummary: other"))
        == "Python 2 and 3"
    )
    assert summary_of(read_headers(b"Name: six\n")) == summary_of(read_headers(b"Summary: UNKNOWN\n")) == ""
    assert len(summary_of(read_headers(b"Summary: " + b"x" * 500))) == 300
