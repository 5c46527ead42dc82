"""Benchmark of an idle installation: processor time and memory of all processes of `assay up`."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from report import ROOT, print_figure

sys.path.append(str(ROOT / "tests"))
from support.server import running

SETTLE, MEASURED = 60.0, 120.0  # seconds after the start; seconds that are measured
CORE_LIMIT, MEMORY_LIMIT = 0.3, 400  # percent of one core; megabytes
NANOSECONDS = 1e9


def idle(home: Path) -> None:
    """Start everything in an empty home with two web processes, let it settle, and measure while nothing happens."""
    with running(home / "idle", ASSAY_WEB_PROCESSES="2") as desk:
        time.sleep(SETTLE)
        root = desk.process.pid
        before, began = _processor_times(root), time.monotonic()
        time.sleep(MEASURED)
        after, seconds = _processor_times(root), time.monotonic() - began
        used = {pid: 100 * (after[pid] - before.get(pid, 0.0)) / seconds for pid in after}
        memory = {}
        for pid in after:  # one that has ended meanwhile has none
            with suppress(OSError):
                memory[pid] = _proportional_memory(pid)
        for pid, one in memory.items():
            print_figure(f"  {_name(pid)}", f"{used[pid]:.2f} %", f"{one:.0f} MB")
    total, megabytes = sum(used.values()), sum(memory.values())
    print_figure("an idle installation, of one core", f"{total:.2f} %", f"limit {CORE_LIMIT} %", total <= CORE_LIMIT)
    print_figure(
        "an idle installation, memory (shared pages once)",
        f"{megabytes:.0f} MB",
        f"limit {MEMORY_LIMIT} MB",
        megabytes <= MEMORY_LIMIT,
    )


def _tree(root: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _processor_times(root: int) -> dict[int, float]:
    """Return the seconds that each process of a tree has used, from the scheduler: finer than ticks of 10 ms."""
    return {
        pid: sum(int(one.read_text().split()[0]) for one in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        / NANOSECONDS
        for pid in _tree(root)
    }


def _proportional_memory(pid: int) -> float:
    """Return the memory of a process in megabytes; pages that several processes share count in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


def _name(pid: int) -> str:
    """Return a short name of a process."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().split(" --config")[0]
    short = Path(f"/proc/{pid}/comm").read_text().strip()
    words = command.replace(f"{os.path.dirname(sys.executable)}/", "").replace(f"{ROOT}/", "").split()  # noqa: PTH120 - a prefix of a text
    return short if short.startswith("assay ") else " ".join(words)[-44:]
