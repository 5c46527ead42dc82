"""What an index tells of a project, and what becomes of answers that are none."""

from __future__ import annotations

import json
from datetime import date

import pytest

from assay.core.errors import UnavailableError
from assay.sources import projects
from assay.sources.projects import read_project


def file(name: str, day: str = "2026-01-01", **more: object) -> dict[str, object]:
    """Return one file of an answer."""
    return {"filename": name, "upload-time": f"{day}T10:00:00.123Z", **more}


def test_an_answer_in_full() -> None:
    """Newest without pre-releases and yanked ones, its first upload, reasons, status and attestations."""
    answer = {
        "files": [
            file("a_b-1.0.tar.gz", "2025-01-01", provenance="https://x"),
            file("a_b-1.1-py3-none-any.whl", "2025-03-02"),
            file("a_b-1.1.tar.gz", "2025-03-01", yanked=False, provenance="https://x"),
            file("a_b-1.2-py3-none-any.whl", yanked="breaks"),
            file("a_b-1.2.tar.gz", yanked=True),
            file("a_b-2.0rc1.tar.gz"),
            file("a_b-nonsense.exe"),
        ],
        "project-status": {"status": "archived", "reason": "moved"},
    }
    found = read_project("a-b", json.dumps(answer).encode())
    assert (found.newest, found.newest_at) == ("1.1", date(2025, 3, 1))
    assert (found.status, found.status_reason, found.yanked) == ("archived", "moved", {"1.2": "breaks"})
    assert found.attested == frozenset({"1.0"})


def test_an_answer_without_anything() -> None:
    """No file, no time, a status that no standard knows: nothing is made up."""
    empty = read_project("a", b'{"files": [], "project-status": {"status": "new-word"}}')
    assert (empty.newest, empty.newest_at, empty.status) == ("", None, "active")
    only = read_project("a", b'{"files": [{"filename": "a-1.0rc1.tar.gz"}]}')
    assert (only.newest, only.newest_at) == ("1.0rc1", None)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"files": [3]}', b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_is_told(content: bytes) -> None:
    """HTML, garbage and half answers are errors of our tree."""
    with pytest.raises(UnavailableError):
        read_project("a", content)


def test_an_answer_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood is cut off and told."""
    monkeypatch.setattr(projects, "MAX_RESPONSE", 10)
    with pytest.raises(UnavailableError, match="too large"):
        read_project("six", b'{"files": []}')
