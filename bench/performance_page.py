"""The page of the docs with what was measured: each part is replaced when it is measured again."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from report import ROOT, Figure

PAGE = ROOT / "docs" / "operations" / "performance.md"
MARK = {True: "holds", False: "**missed**", None: ""}


def write_part(name: str, title: str, text: str, page: Path = PAGE) -> None:
    """Replace the part of a name in the page, or add it at the end; it says where and when it was measured."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    part = f"{begin}\n\n## {title}\n\n{text.strip()}\n\n*{machine()}*\n\n{end}"
    before = page.read_text()
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    after = found.sub(lambda _: part, before) if begin in before else f"{before.rstrip()}\n\n{part}\n"
    page.write_text(after)


def figures_table(figures: Sequence[Figure]) -> str:
    """Return figures as a Markdown table; the name of a figure that belongs to the one before is indented."""
    rows = [
        (
            "\N{NO-BREAK SPACE}" * 2 * (len(one.what) - len(one.what.lstrip())) + one.what.strip(),
            one.figure,
            one.beside,
            MARK[one.verdict],
        )
        for one in figures
    ]
    return table(("Figure", "Value", "Limit or peer", ""), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and whose others are aligned to the right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """Return where and when this is measured: cores, memory, kernel, Python, day and commit."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return f"{cores} cores, {memory:.0f} GiB, {system}; {datetime.now(UTC):%Y-%m-%d}, commit {_commit()}"


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - our own command
    except (OSError, subprocess.CalledProcessError):  # an archive without history
        return "unknown"
