"""At the end of a run of tests: the files that took longest, with their processor time."""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

SHOWN = 10  # files
LONG = 3.0  # seconds: a run of faster files needs no list


def processor_seconds() -> float:
    """Return the processor time of this process and of the children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, kinds))


@dataclass
class Spent:
    """What a file's tests took: seconds on the clock, and of processors."""

    clock: float = 0
    processor: float = 0


class Slowest:
    """Measures each phase of each test, in the process that runs it; adds up and tells, in the one that shows."""

    def __init__(self) -> None:
        self._before = processor_seconds()
        self._files: defaultdict[str, Spent] = defaultdict(Spent)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Iterator[None]:
        """Note the processor time since the last report. What a report knows reaches the other process."""
        report: pytest.TestReport = yield
        now = processor_seconds()
        report.processor = now - self._before  # type: ignore[attr-defined]  # ours
        self._before = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase to its file."""
        spent = self._files[report.nodeid.partition("::")[0]]
        spent.clock += report.duration
        spent.processor += getattr(report, "processor", 0)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the slowest files."""
        slow = {name: spent for name, spent in self._files.items() if spent.clock > LONG}
        if not slow:
            return
        terminalreporter.section("slowest files: seconds, of them processor time")
        for name in sorted(slow, key=lambda name: -slow[name].clock)[:SHOWN]:
            terminalreporter.write_line(f"{slow[name].clock:6.1f} {slow[name].processor:6.1f}  {name}")
        total = sum(one.processor for one in self._files.values())
        terminalreporter.write_line(f"       {total:6.1f}  all {len(self._files)} files")
