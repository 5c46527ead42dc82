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


def start_engine(directory: Path, *, seconds: float, prepare: Callable[[], None]) -> Handle:
    """Return the engine process of a directory: the one that a killed worker started, else a new one.

    `prepare` writes the job into the empty directory before a new process starts; `seconds` is its time limit.
    """
    launcher = LocalLauncher()
    running = launcher.find(str(directory))
    if running is not None:
        return running
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    prepare()
    argv = (sys.executable, "-m", "assay.engine", str(directory))
    return launcher.start(
        Start(argv=argv, cwd=str(directory), env=engine_environment(), workdir=str(directory), seconds=seconds)
    )


def engine_environment() -> dict[str, str]:
    """Return the environment variables of engine processes, without any secret of the server."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON document that a process wrote, None while the file does not exist."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return found
