"""Running uv: a fixed binary, clean environment variables, no configuration file. No other module runs uv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from assay.core.errors import BuildError, UnavailableError

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
INHERITED = (
    "PATH",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
TIMEOUT = 3600.0  # seconds; the build's own limit is tighter
_FIND_LOCK = threading.Lock()  # `sysconfig` returns wrong values when two threads use it first at once


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The result of a call of uv. `lines` is its output without terminal codes."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)


@lru_cache(maxsize=1)
def binary() -> str:
    """Return the path of uv: the one in Assay's own environment, else the one on the PATH."""
    with _FIND_LOCK:
        return _find()


def _find() -> str:
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - missing where uv is a system program

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if not found:
        raise UnavailableError("uv is not installed.", hint="Install it: pip install uv.")
    return found


def version() -> str:
    """Return uv's version, e.g. `0.13.8`."""
    found = Path(binary()).stat()
    return _version(binary(), found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=1)
def _version(path: str, *_: int) -> str:
    """Ask uv; the further arguments change when another uv takes its place."""
    result = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30)
    return result.stdout.split()[1]


def environment(cache: str) -> dict[str, str]:
    """Return the environment variables of a call: those in `INHERITED` and uv's settings, no others of the server."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {
        "UV_CACHE_DIR": cache,
        "HOME": str(Path(cache).parent),
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        "UV_HTTP_TIMEOUT": "60",
        "UV_HTTP_RETRIES": "2",  # with growing pauses
    }


def run(
    arguments: list[str],
    *,
    cache: str,
    cwd: str,
    log_line: Callable[[str], None] | None = None,
    started: Callable[[subprocess.Popen[str]], None] | None = None,
    timeout: float = TIMEOUT,
    variables: dict[str, str] | None = None,
    downloads_pythons: bool = False,
) -> Finished:
    """Run `uv ARGUMENTS` and return its output; `log_line` receives each line as it runs, `started` the process.

    uv downloads a Python only where `downloads_pythons` says so.
    """
    Path(cache).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [binary(), "--no-config", *([] if downloads_pythons else ["--no-python-downloads"]), *arguments],
        cwd=cwd,
        env=environment(cache) | (variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if started:
        started(process)
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.daemon = True
    watchdog.start()
    lines: list[str] = []
    try:
        for raw in process.stdout or ():
            line = ANSI.sub("", raw.rstrip("\n"))
            lines.append(line)
            if log_line:
                log_line(line)
        code = process.wait()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
    return Finished(code=code, lines=tuple(lines))


def run_or_raise(arguments: list[str], *, cache: str, cwd: str, what: str) -> Finished:
    """Run uv and raise BuildError with its last lines when it fails."""
    finished = run(arguments, cache=cache, cwd=cwd)
    if finished.code:
        raise BuildError(f"{what}: {finished.text[-2000:]}", hint="Build again; the log has the details.")
    return finished


def make_environment(prefix: Path, python_path: str, *, cache: str) -> None:
    """Make an empty, relocatable virtual environment (no pip, no setuptools). Raises BuildError."""
    run_or_raise(
        ["venv", "--quiet", "--relocatable", "--no-project", "--python", python_path, str(prefix)],
        cache=cache,
        cwd=str(prefix.parent),
        what="The empty environment could not be made",
    )
