"""Output of commands: lines, aligned tables and JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from enum import StrEnum

GAP = "  "  # between columns
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Tone(StrEnum):
    """How a text looks in a terminal: its SGR parameters (ECMA-48), '' for plain text."""

    PLAIN = ""
    STRONG = "1"
    SOFT = "2"
    BAD = "1;31"
    GOOD = "32"
    WARN = "33"


def tint(text: str, tone: Tone = Tone.PLAIN) -> str:
    """Return a text without control characters, in a tone if stdout is a terminal and `NO_COLOR` is not set.

    `FORCE_COLOR` overrules both. Text from packages and people must not control the terminal.
    """
    text = CONTROL.sub("", text)
    coloured = os.environ.get("FORCE_COLOR") or (sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    return f"\033[{tone}m{text}\033[0m" if coloured and tone and text else text


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def say_json(value: object) -> None:
    """Print a value as JSON."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def say_table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print a table with aligned columns; those named in `right` are aligned to the right."""
    for line in columns([head, *rows], right=[at for at, name in enumerate(head) if name in right]):
        say(line)


def columns(rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> list[str]:
    """Return rows as lines with aligned columns; those whose positions are in `right` are aligned to the right."""
    table = [[tint(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def show_progress(text: str) -> None:
    """Replace the progress line of a terminal; '' removes it. A file gets no progress."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
