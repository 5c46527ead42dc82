"""Directories of this installation, from the settings, and the Python interpreters of this machine."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from assay.core.errors import InvalidInputError
from assay.engine.interface import EnginePaths
from assay.engine.interpreters import OLDEST, Interpreter, find_interpreters
from assay.store.models import PythonVersion

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


def pythons_directory() -> Path:
    """Return the directory of the Pythons that Assay installed."""
    return home() / "pythons"


def installed_interpreters() -> dict[str, Interpreter]:
    """Return every Python found on this machine, by minor version, newest first."""
    own = pythons_directory()
    changed = own.stat().st_mtime_ns if own.is_dir() else 0  # an installation is found at once, in every process
    return _interpreters(str(own), changed, int(time.monotonic() // INTERPRETERS_KEPT))


@lru_cache(maxsize=1)
def _interpreters(own: str, _changed: int, _moment: int) -> dict[str, Interpreter]:
    found = find_interpreters(Path(own), *filter(None, [pythons_folder()]))
    return dict(sorted(found.items(), key=lambda one: -int(one[0].split(".")[1])))


def pythons_folder() -> Path | None:
    """Return the folder of the setting `ASSAY_PYTHON_MIRROR`, None if it is an address or not set."""
    mirror = str(settings.PYTHON_MIRROR)
    path = mirror.removeprefix("file://")
    return Path(path) if path.startswith("/") else None


def interpreters() -> dict[str, Interpreter]:
    """Return the Pythons that are offered for new environments: the default first, then the newest (one query)."""
    rows = {row.minor: row for row in PythonVersion.objects.all()}
    found = {
        minor: one for minor, one in installed_interpreters().items() if minor not in rows or rows[minor].offered
    }
    first = [minor for minor in found if minor in rows and rows[minor].is_default]
    return {minor: found[minor] for minor in dict.fromkeys([*first, *found])}


def interpreter(python: str) -> Interpreter:
    """Return an interpreter that is offered, by its minor version. Raises InvalidInputError, which lists them."""
    found = interpreters()
    if python not in found:
        raise InvalidInputError(
            f"Python {python} is not offered. Offered: {', '.join(found)}.",
            hint="An administrator can add it under Admin → Pythons."
            if is_supported(python)
            else f"Assay works with Python {'.'.join(map(str, OLDEST))} and newer. Choose an offered one.",
            path="python",
        )
    return found[python]


def installed_interpreter(python: str) -> Interpreter:
    """Return the interpreter of a version that exists already, also one that is no longer offered for new ones.

    Raises InvalidInputError when it is gone from this machine.
    """
    found = installed_interpreters()
    if python not in found:
        raise InvalidInputError(
            f"Python {python} is not on this machine any more. There are: {', '.join(found)}.",
            hint="An administrator can install it under Admin → Pythons.",
            path="python",
        )
    return found[python]


def is_supported(python: str) -> bool:
    """Return whether Assay works with a Python version: `3.12` or `3.12.4`."""
    return tuple(int(part) for part in python.split(".")[:2]) >= OLDEST
