"""Output of commands: lines, aligned tables and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

GAP = "  "  # between columns


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def say_json(value: object) -> None:
    """Print a value as JSON."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def say_table(head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print a table with aligned columns; those named in `right` are aligned to the right."""
    table = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(head))]
    for row in table:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        )
        say(GAP.join(cells).rstrip())


def show_progress(text: str) -> None:
    """Replace the progress line of a terminal; '' removes it. A file gets no progress."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()
