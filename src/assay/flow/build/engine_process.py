"""Engine processes: start one in its directory, and read the files that it writes there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay.engine.uv import INHERITED
from assay.launchers.interface import Handle, Start
from assay.launchers.local import LocalLauncher

ENGINE = "assay.engine.process"  # its `main` builds or verifies


def start_engine(directory: Path, *, seconds: float, prepare: Callable[[], None], wakes: str = "") -> Handle:
    """Return the engine process of a directory: the one that a killed worker started, else a new one.

    `prepare` writes the job into the empty directory before a new process starts; `seconds` is its time limit, and
    `wakes` a named pipe that gets a byte when it has ended. It is a fork of a process that has imported the engine.
    """
    launcher = LocalLauncher()
    running = launcher.find(str(directory))
    if running is not None:
        return running
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    prepare()
    return launcher.start(
        Start(
            module=ENGINE,
            argv=(str(directory),),
            cwd=str(directory),
            env=engine_environment(),
            workdir=str(directory),
            seconds=seconds,
            wakes=wakes,
        )
    )


def engine_environment() -> dict[str, str]:
    """Return the environment variables of engine processes, without any secret of the server."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON document that a process wrote, None while the file does not exist or is not whole."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # ValueError: the machine lost power while it was written
        return None
    return found
