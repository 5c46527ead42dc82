"""Helpers of benchmarks: measure an action, and print one line per figure."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


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


def print_figure(what: str, figure: str, beside: str, verdict: bool | None = None) -> None:
    """Print one line; `verdict` is whether the figure meets its limit, None without one."""
    mark = "" if verdict is None else ("  holds" if verdict else "  MISSED")
    sys.stdout.write(f"{what:<58} {figure:>14}   {beside}{mark}\n")
    sys.stdout.flush()
