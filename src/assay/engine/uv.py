"""The only place that runs uv: a fixed binary, a scrubbed environment, no configuration file."""

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
PASSED_ON = (
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
_LOOKING = threading.Lock()  # `sysconfig` answers wrongly to two threads that ask it first


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a call of uv ended. `lines` are what it wrote, without terminal codes."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one text."""
        return "\n".join(self.lines)


@lru_cache(maxsize=1)
def binary() -> str:
    """Return uv's path: the one that was installed with us, else the one on the PATH."""
    with _LOOKING:
        return _find()


def _find() -> str:
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - the package may be missing where uv is a system program

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if not found:
        raise UnavailableError("uv is not installed.", hint="Install it: pip install uv.")
    return found


@lru_cache(maxsize=1)
def version() -> str:
    """Return uv's version, e.g. `0.13.8`."""
    asked = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True, timeout=30)
    return asked.stdout.split()[1]


def environment(cache: str) -> dict[str, str]:
    """Return the environment of a call: what the network needs, and nothing of the server's."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {
        "UV_CACHE_DIR": cache,
        "HOME": str(Path(cache).parent),
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        "UV_HTTP_TIMEOUT": "60",
        "UV_HTTP_RETRIES": "2",  # with growing pauses; the person can build again
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
) -> Finished:
    """Run `uv ARGUMENTS` and return what it wrote; each line is also passed on while it works."""
    Path(cache).mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [binary(), "--no-config", "--no-python-downloads", *arguments],
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
    watch = threading.Timer(timeout, process.kill)
    watch.daemon = True
    watch.start()
    lines: list[str] = []
    try:
        for raw in process.stdout or ():
            line = ANSI.sub("", raw.rstrip("\n"))
            lines.append(line)
            if log_line:
                log_line(line)
        code = process.wait()
    finally:
        watch.cancel()
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
