"""The Python interpreters on this machine that environments can use."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

OLDEST = (3, 9)  # ipykernel and most libraries no longer support older versions
DESCRIBE = (
    "import sys,json,platform,sysconfig;"
    "print(json.dumps([sys.implementation.name,platform.python_version(),sys.prefix!=sys.base_prefix,"
    "sys.executable,sys.base_prefix,sysconfig.get_platform(),sys.version_info.releaselevel]))"
)


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """One CPython. `minor` is e.g. `3.11`, `version` e.g. `3.11.7`; `prefix` is its installation directory."""

    minor: str
    version: str
    path: str
    prefix: str
    platform: str


def find_interpreters(*folders: Path) -> dict[str, Interpreter]:
    """Return the newest patch release of each minor version, by minor version. Runs each candidate.

    `folders` hold installations in addition to the usual places.
    """
    more = [(folder, "*/bin/python3.[0-9]*") for folder in folders]
    candidates = sorted({str(path.resolve()) for path in _candidates(more)})
    with ThreadPoolExecutor(8) as pool:
        working = [one for one in pool.map(_describe, candidates) if one]
    found: dict[str, Interpreter] = {}
    for one in sorted(working, key=lambda one: _number(one.version)):
        found[one.minor] = one
    return found


def kind_of(interpreter: Interpreter, *, installed: Path, folder: Path | None) -> str:
    """Return where an interpreter is from: `assay`, `folder`, `pyenv`, `uv` or `system`.

    `installed` is the folder of those that Assay installed, `folder` the one in the settings.
    """
    prefix = Path(interpreter.prefix).resolve()
    home = Path(os.environ.get("HOME", "/nonexistent"))
    places = {
        "assay": installed,
        "folder": folder,
        "pyenv": Path(os.environ.get("PYENV_ROOT", home / ".pyenv")),
        "uv": Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python")),
    }
    return next((name for name, place in places.items() if place and place.resolve() in prefix.parents), "system")


def _candidates(more: list[tuple[Path, str]]) -> Iterator[Path]:
    home = Path(os.environ.get("HOME", "/nonexistent"))
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    paths = [
        *more,
        (pyenv, "versions/*/bin/python3.[0-9]*"),
        (
            Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python")),
            "*/bin/python3.[0-9]*",
        ),
        (Path("/opt"), "python*/bin/python3.[0-9]*"),
    ]
    folders = [Path(one) for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    folders += [Path("/usr/local/bin"), Path("/usr/bin")]
    paths += [(folder, "python3.[0-9]*") for folder in folders if folder.name != "shims"]
    for root, pattern in paths:
        for path in root.glob(pattern):
            if path.name.removeprefix("python3.").isdigit() and os.access(path, os.X_OK):
                yield path


def _describe(path: str) -> Interpreter | None:
    """Run a candidate and describe it; None when it does not run, is too old, or is a virtual environment."""
    try:
        result = subprocess.run(
            [path, "-I", "-S", "-c", DESCRIBE],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env={"LANG": "C.UTF-8"},
        )
        name, version, is_environment, executable, prefix, platform, level = json.loads(result.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if name != "cpython" or is_environment or level != "final" or _number(version)[:2] < OLDEST:
        return None
    return Interpreter(
        minor=".".join(version.split(".")[:2]),
        version=version,
        path=executable,
        prefix=prefix,
        platform=platform,
    )


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def find_base(path: str) -> str:
    """Return the installation directory of the interpreter at a path."""
    found = Path(path).stat() if Path(path).exists() else None
    return _find_base(path, *((found.st_ino, found.st_mtime_ns) if found else ()))


@lru_cache(maxsize=16)
def _find_base(path: str, *_: int) -> str:
    """Ask the interpreter; the further arguments change when another one takes its place."""
    interpreter = _describe(path)
    return interpreter.prefix if interpreter else str(Path(path).resolve().parent.parent)
