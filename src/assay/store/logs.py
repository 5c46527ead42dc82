"""Log files, read by byte offset in bounded chunks, so that the cost does not grow with their length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHUNK = 256 * 1024  # bytes per response


def log_from(path: Path, offset: int, *, ended: bool) -> dict[str, Any]:
    """Return `text` from a byte offset, `next` (the next offset) and `done` (the log is complete).

    A chunk ends at the end of a line if possible, so that no multi-byte character is split.
    """
    offset = max(0, offset)
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(min(offset, size))
            raw = file.read(CHUNK)
    except FileNotFoundError:
        return {"text": "", "offset": offset, "next": offset, "done": ended}
    full = len(raw) == CHUNK
    if full or not ended:
        raw = raw[: raw.rfind(b"\n") + 1] or (raw if full else b"")
    position = min(offset, size) + len(raw)
    return {
        "text": raw.decode(errors="replace"),
        "offset": offset,
        "next": position,
        "done": ended and position >= size,
    }


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log, at most one chunk."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - CHUNK))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
