"""Measure which lines and branches of core and flow run, nearly for free, and fail when one does not.

SlipCover puts probes into the code and takes those away that were reached; a tracer would double the processor time
of the tests. Each worker writes what it has seen; the first process adds it up.

Only what tests of core and flow reach counts. They run first, and each worker takes its coverage before the first
other test that it runs. (A worker that crashed leaves its tests to the end, where they count for nothing.)
"""

from __future__ import annotations

import ast
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import slipcover

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ["src/assay/core", "src/assay/flow"]
COUNTED = [ROOT / "tests" / "core", ROOT / "tests" / "flow"]
# Read by mypy only, and bodies of protocols; `# pragma: no cover` is known.
EXCLUDED = ["if TYPE_CHECKING:", "@overload", r"^\s*\.\.\.$"]
FOLDER = "ASSAY_COVERAGE_FOLDER"


class Coverage:
    """Measures from its making, which must come before the first import of what is measured."""

    def __init__(self) -> None:
        sources = [str(ROOT / one) for one in MEASURED]
        self._probes = slipcover.Slipcover(branch=True, source=sources, exclude_also=EXCLUDED)
        self._imports = slipcover.ImportManager(self._probes, slipcover.FileMatcher(sources=sources))
        self._imports.__enter__()
        self._worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        if not self._worker:
            os.environ[FOLDER] = tempfile.mkdtemp(prefix="assay-coverage-")
        self._folder = Path(os.environ[FOLDER])
        self._found: dict[str, Any] | None = None
        self._missed: dict[str, list[str]] = {}

    @staticmethod
    def counts(item: pytest.Item) -> bool:
        """Return whether it counts what a test reaches."""
        return any(folder in item.path.parents for folder in COUNTED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Take the coverage before the first test that does not count."""
        if self._found is None and not self.counts(item):
            self._found = self._probes.get_coverage()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write what this worker has seen; or add up what all have, and let less than all of it fail."""
        if self._found is None:
            self._found = self._probes.get_coverage()
        if self._worker:
            (self._folder / f"{self._worker}.json").write_text(json.dumps(self._found))
            return
        for part in self._folder.iterdir():
            slipcover.merge_coverage(self._found, json.loads(part.read_text()))
        self._missed = {name: _missed(name, file) for name, file in sorted(self._found["files"].items())}
        if not exitstatus and any(self._missed.values()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List what did not run."""
        terminalreporter.section(f"statements and branches of {' and '.join(MEASURED)} that did not run")
        for name, missed in self._missed.items():
            if missed:
                terminalreporter.write_line(f"{name}: {', '.join(missed)}")
        terminalreporter.write_line(f"{sum(map(len, self._missed.values()))} in all; there may be none")


def _missed(name: str, file: dict[str, Any]) -> list[str]:
    """Return the statements and branches of a file that did not run. SlipCover tells each line of a statement."""
    tree = ast.parse((ROOT / name).read_text())
    begins = {one.lineno for one in ast.walk(tree) if isinstance(one, ast.stmt | ast.ExceptHandler)}
    begins |= {one.pattern.lineno for one in ast.walk(tree) if isinstance(one, ast.match_case)}
    decorated = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    begins |= {mark.lineno for one in ast.walk(tree) if isinstance(one, decorated) for mark in one.decorator_list}
    lines = [str(line) for line in file["missing_lines"] if line in begins]
    return lines + [f"{start}->{end or 'end'}" for start, end in file["missing_branches"]]
