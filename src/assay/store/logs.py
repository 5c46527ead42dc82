"""Logs in files, read by byte offset: a long one costs no more per line than a short one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CHUNK = 256 * 1024  # bytes of one answer


def log_from(path: Path, offset: int, *, ended: bool) -> dict[str, Any]:
    """Return `text` from a byte offset, `next` (where to go on) and `done` (no more will come).

    A chunk ends at a line's end where it can, so that no character is cut in two.
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
    """Return the last lines of a log, from its last chunk."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - CHUNK))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
