"""The engine as a process: `main` runs one build or verification, `prepare` does what is the same for all of them.

The worker forks it from a process that is prepared (`launchers/prepared.py`): of the processor time of a build from
filled stores, four fifths were imports.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from assay.engine import build, pipeline  # noqa: F401 - `pipeline`: so that it is imported
from assay.engine.engines import ENGINES
from assay.engine.installing import integrity
from assay.engine.sandbox import isolation

NICENESS = 5  # pages of the same machine go first


def prepare() -> None:
    """Import what builds need, and keep facts of this machine; they are asked anew when their reasons change."""
    isolation.isolation()
    for engine in ENGINES.values():
        engine.prepare()


def main(arguments: Sequence[str]) -> int:
    """Run the build, or the verification, of a directory, with lower priority; return the exit code."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    workdir = Path(arguments[0])
    return integrity.main(workdir) if (workdir / "rehash.json").exists() else build.main(workdir)
