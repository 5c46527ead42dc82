"""Directories of this installation, from the settings, and the Python interpreters of this machine."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assay.core.errors import InvalidInputError
from assay.engine.interface import EnginePaths
from assay.engine.interpreters import Interpreter, find_interpreters

INTERPRETERS_KEPT = 300  # seconds; a newly installed Python is found after at most this time


def home() -> Path:
    """Return the data directory of this installation."""
    return Path(settings.HOME)


def engine_paths() -> EnginePaths:
    """Return the engine's directories."""
    return EnginePaths(
        environments=str(home() / "environments"),
        wheels=str(home() / "wheels"),
        checks=str(home() / "checks"),
        cache=str(home() / "cache" / "uv"),
        overlays=str(home() / "overlays"),
    )


def prefix(digest: str) -> Path:
    """Return the directory in which the environment of a lock is built."""
    return Path(engine_paths().environments) / digest


def build_directory(build_id: object) -> Path:
    """Return the directory of one build: its job, log, progress and outcome."""
    return home() / "builds" / str(build_id)


def verification_directory(verification_id: object) -> Path:
    """Return the directory of one verification while it runs."""
    return home() / "verifications" / str(verification_id)


def run_directory(run_id: object) -> Path:
    """Return the directory of one run: its source, log and status."""
    return home() / "runs" / str(run_id)


def person_home(name: str) -> Path:
    """Return a person's own directory, which persists between servers."""
    return home() / "homes" / name


def interpreters() -> dict[str, Interpreter]:
    """Return every Python found on this machine, by minor version, newest first."""
    return _interpreters(int(time.monotonic() // INTERPRETERS_KEPT))


@lru_cache(maxsize=1)
def _interpreters(_moment: int) -> dict[str, Interpreter]:
    found = find_interpreters()
    return dict(sorted(found.items(), key=lambda one: -int(one[0].split(".")[1])))


def interpreter(python: str) -> Interpreter:
    """Return the interpreter of a minor version. Raises InvalidInputError, which lists the available ones."""
    found = interpreters()
    if python not in found:
        raise InvalidInputError(
            f"Python {python} is not on this machine.",
            hint=f"Choose one of {', '.join(found)}.",
            path="python",
        )
    return found[python]
