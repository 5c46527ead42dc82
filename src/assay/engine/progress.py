"""What a build says while it runs: its log on standard output, its progress in a file."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assay.engine.interface import Progress
from assay.engine.layout import write_json

UPDATE_EVERY = 0.1  # seconds between two writes of progress


class Reporter:
    """Writes the log and `progress.json` of one build."""

    def __init__(self, workdir: Path) -> None:
        self._path = workdir / "progress.json"
        self.progress = Progress(step="resolving")
        self._step_began = time.monotonic()
        self._written_at = 0.0

    @property
    def step(self) -> str:
        """Return the step that is under way."""
        return self.progress.step

    def begin(self, step: str, **known: Any) -> None:  # noqa: ANN401 - fields of `Progress`
        """Go on to a step: its header in the log, what is known of it in the progress."""
        times = self.times() if self.progress.step != step else {}
        self._step_began = time.monotonic()
        self.progress = Progress(step=step, steps=times, **known)
        self.log(f"== {step} ==")
        self.update(force=True)

    def times(self) -> dict[str, float]:
        """Return the seconds that each step took until now."""
        took = round(time.monotonic() - self._step_began, 3)
        return {**self.progress.steps, self.progress.step: took}

    def update(self, *, force: bool = False, **changes: Any) -> None:  # noqa: ANN401 - fields of `Progress`
        """Write the progress, at most ten times a second."""
        self.progress = replace(self.progress, **changes)
        now = time.monotonic()
        if force or now - self._written_at >= UPDATE_EVERY:
            self._written_at = now
            write_json(self._path, asdict(self.progress))

    def log(self, line: str) -> None:
        """Write to the log, so that no line can forge another or command a terminal."""
        safe = "\n".join(_printable(one) for one in line.split("\n"))
        sys.stdout.write(safe + "\n")
        sys.stdout.flush()


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in line)
