"""Runs inside a finished environment: tries each module, one after another, in a child that may die.

Standard library only, Python 3.9 and newer. Reads `[[library, module], …]` from standard input, writes one JSON
line per module and one with what was asked for (see `import_recorder.py`). A module that crashes or hangs costs
its child; the next child goes on behind it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import select
import signal
import sys
import time
import traceback

import import_recorder  # type: ignore[import-not-found]  # it lies beside this script, not in a package

sys.path.pop(0)  # the folder of this script must not offer its files as modules

MODULE_SECONDS = 60.0  # the slowest honest imports take ten on a cold disk
LOOK = 0.1  # seconds between two looks whether a silent child has ended
MEMORY = 8 * 1024**3  # bytes of data segments
FILE_SIZE = 64 * 1024**2  # bytes


def child(wanted: list[list[str]], first: int, out: int) -> None:
    """Import from `first` on, telling each beginning and end."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    import_recorder.install()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    for position in range(first, len(wanted)):
        tell(out, {"begin": position})
        began = time.perf_counter()
        error = attempt(wanted[position][1])
        tell(out, {"end": position, "seconds": time.perf_counter() - began, "error": error, "edges": fresh_edges()})
    os._exit(0)


told: dict[str, set[str]] = {}


def fresh_edges() -> dict[str, list[str]]:
    """Return what was asked for since the last call."""
    fresh = {}
    for asking, asked in list(import_recorder.edges.items()):
        known = told.setdefault(asking, set())
        if asked - known:
            fresh[asking] = sorted(asked - known)
            known |= asked
    return fresh


def attempt(module: str) -> str:
    """Import a module; return '' or what went wrong in one line."""
    try:
        importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - whatever package code raises is the finding
        line = traceback.format_exception_only(type(error), error)[-1].strip()
        return line[:500]
    return ""


def tell(out: int, message: dict[str, object]) -> None:
    """Write one line."""
    os.write(out, (json.dumps(message) + "\n").encode())


def follow(wanted: list[list[str]], first: int) -> int:
    """Run one child from `first` on and report; return where to go on."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(wanted, first, writing)
    os.close(writing)
    reached, status = listen(reading, pid, wanted, first)
    os.close(reading)
    if reached < len(wanted):
        hung = f"took longer than {MODULE_SECONDS:.0f} s"
        why = hung if status is None else f"ended the process ({ending(status)})"
        report(wanted[reached], 0.0, "The import " + why)
        reached += 1
    return reached


def listen(reading: int, pid: int, wanted: list[list[str]], first: int) -> tuple[int, int | None]:
    """Report what a child tells until it ends or hangs; return how far it came and how it ended."""
    reached, buffer, status = first, b"", None
    deadline = time.monotonic() + MODULE_SECONDS
    while reached < len(wanted) and time.monotonic() < deadline:
        ready, _, _ = select.select([reading], [], [], LOOK)
        chunk = os.read(reading, 65536) if ready else b""
        if not chunk:
            ended, status_now = os.waitpid(pid, os.WNOHANG)  # its own children may still hold the pipe
            if ended:
                return reached, status_now
            continue
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            message = json.loads(line)
            deadline = time.monotonic() + MODULE_SECONDS
            if "end" in message:
                report(wanted[message["end"]], message["seconds"], message["error"])
                sys.stdout.write(json.dumps({"edges": message["edges"]}) + "\n")
                reached = message["end"] + 1
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return reached, status


def ending(status: int) -> str:
    """Say how a child ended."""
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def report(pair: list[str], seconds: float, error: str) -> None:
    """Write the fact of one module to standard output."""
    sys.stdout.write(
        json.dumps({"library": pair[0], "module": pair[1], "seconds": round(seconds, 4), "error": error}) + "\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Try them all."""
    wanted = json.load(sys.stdin)
    position = 0
    while position < len(wanted):
        position = follow(wanted, position)


if __name__ == "__main__":
    main()
