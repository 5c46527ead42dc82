"""Helpers of benchmarks: measure an action, print one line per figure, and keep the figures for the docs."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = "ASSAY_TEST_FIGURES"  # the variable that names the file to which figures are added, one JSON document a line
_group = [""]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure: `beside` is the limit or the peer, `verdict` whether it is met, None without a limit."""

    group: str
    what: str
    figure: str
    beside: str
    verdict: bool | None


def median(action: Callable[[], object], times: int, before: Callable[[], object] = str) -> float:
    """Return the median seconds of an action, after one warm-up; `before` runs before each call, untimed."""
    before()
    action()
    found = []
    for _ in range(times):
        before()
        os.sync()  # write the changes of `before` to disk before the measurement
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def begin_group(name: str) -> None:
    """Let the figures that follow belong to a group."""
    _group[0] = name


def print_figure(what: str, figure: str, beside: str, verdict: bool | None = None) -> None:
    """Print one line; `verdict` is whether the figure meets its limit, None without one."""
    mark = "" if verdict is None else ("  holds" if verdict else "  MISSED")
    sys.stdout.write(f"{what:<58} {figure:>14}   {beside}{mark}\n")
    sys.stdout.flush()
    if KEPT in os.environ:
        kept = Figure(group=_group[0], what=what, figure=figure, beside=beside, verdict=verdict)
        with Path(os.environ[KEPT]).open("a") as file:
            file.write(json.dumps(asdict(kept)) + "\n")


def read_figures(path: Path) -> list[Figure]:
    """Return the figures that were kept in a file, in their order."""
    return [Figure(**json.loads(line)) for line in path.read_text().splitlines()]
