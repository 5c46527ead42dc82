"""The log of a build on standard output, and its progress in `progress.json`."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assay.engine.interface import Progress
from assay.engine.layout import write_json

UPDATE_SECONDS = 0.1  # between two writes of the progress


class Reporter:
    """Writes the log and `progress.json` of one build."""

    def __init__(self, workdir: Path) -> None:
        self._path = workdir / "progress.json"
        self.progress = Progress(step="resolving")
        self._step_started = time.monotonic()
        self._written_at = 0.0

    @property
    def step(self) -> str:
        """The current step."""
        return self.progress.step

    def begin(self, step: str, **values: Any) -> None:  # noqa: ANN401 - fields of `Progress`
        """Start a step: write its header to the log and its known values to the progress."""
        times = self.times() if self.progress.step != step else {}
        self._step_started = time.monotonic()
        self.progress = Progress(step=step, steps=times, **values)
        self.log(f"== {step} ==")
        self.update(force=True)

    def times(self) -> dict[str, float]:
        """Return the seconds of each step until now."""
        seconds = round(time.monotonic() - self._step_started, 3)
        return {**self.progress.steps, self.progress.step: seconds}

    def update(self, *, force: bool = False, **changes: Any) -> None:  # noqa: ANN401 - fields of `Progress`
        """Write the progress, at most ten times a second."""
        self.progress = replace(self.progress, **changes)
        now = time.monotonic()
        if force or now - self._written_at >= UPDATE_SECONDS:
            self._written_at = now
            write_json(self._path, asdict(self.progress), flushed=False)

    def log(self, line: str) -> None:
        """Write to the log, with control characters escaped: no line can forge another or control a terminal."""
        escaped = "\n".join(_printable(one) for one in line.split("\n"))
        sys.stdout.write(escaped + "\n")
        sys.stdout.flush()


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in line)
