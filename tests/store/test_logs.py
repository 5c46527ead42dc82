"""A long log costs no more per line than a short one: each byte is read once, in bounded pieces."""

from __future__ import annotations

from pathlib import Path

from assay.store.logs import CHUNK, log_from


def test_fifty_thousand_lines_are_read_once(tmp_path: Path) -> None:
    """Following from offset to offset gives every line once, never more than a chunk at a time."""
    path = tmp_path / "log"
    lines = [f"{number}: {'x' * (number % 90)} é" for number in range(50_000)]
    path.write_text("\n".join(lines) + "\n")
    text, offset, calls = "", 0, 0
    while True:
        part = log_from(path, offset, ended=True)
        assert len(part["text"].encode()) <= CHUNK
        text, offset, calls = text + part["text"], part["next"], calls + 1
        if part["done"]:
            break
    assert text.splitlines() == lines
    assert calls <= path.stat().st_size // (CHUNK // 2) + 1


def test_a_line_that_is_being_written_comes_whole(tmp_path: Path) -> None:
    """What has no end yet waits for it, while the build runs."""
    path = tmp_path / "log"
    path.write_bytes(b"one\ntw")
    first = log_from(path, 0, ended=False)
    assert (first["text"], first["done"]) == ("one\n", False)
    path.write_bytes(b"one\ntwo\n")
    assert log_from(path, first["next"], ended=True)["text"] == "two\n"
