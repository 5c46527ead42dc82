"""Runs inside a finished environment: imports each module, one after another, in a child process.

Standard library only, Python 3.9 and newer. Reads `[[library, module], …]` from standard input, writes one JSON
line per module and one with the names that it looked up (see `import_recorder.py`). When a module crashes or hangs,
its child ends; a new child continues with the next module.
"""

from __future__ import annotations

import gc
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

sys.path.pop(0)  # so that files in the folder of this script cannot be imported

MODULE_SECONDS = 60.0  # the slowest regular imports take ten on a cold disk
POLL_SECONDS = 0.1  # between two checks whether a silent child has ended
MEMORY = 8 * 1024**3  # bytes of data segments
FILE_SIZE = 64 * 1024**2  # bytes


def child(modules: list[list[str]], first: int, out: int) -> None:
    """Import the modules from `first` on, and send the start and end of each."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    import_recorder.install()
    gc.disable()  # modules stay: searching them for garbage takes a tenth of the time
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    for position in range(first, len(modules)):
        send(out, {"begin": position})
        began = time.perf_counter()
        error = attempt(modules[position][1])
        send(out, {"end": position, "seconds": time.perf_counter() - began, "error": error, "edges": fresh_edges()})
    os._exit(0)


sent: dict[str, set[str]] = {}


def fresh_edges() -> dict[str, list[str]]:
    """Return the names that were looked up since the last call."""
    fresh = {}
    for importer, names in list(import_recorder.edges.items()):
        known = sent.setdefault(importer, set())
        if names - known:
            fresh[importer] = sorted(names - known)
            known |= names
    return fresh


def attempt(module: str) -> str:
    """Import a module; return '' or the error in one line."""
    try:
        importlib.import_module(module)
    except BaseException as error:  # noqa: BLE001 - package code may raise anything
        line = traceback.format_exception_only(type(error), error)[-1].strip()
        return line[:500]
    return ""


def send(out: int, message: dict[str, object]) -> None:
    """Write a message as one line of JSON."""
    os.write(out, (json.dumps(message) + "\n").encode())


def follow(modules: list[list[str]], first: int) -> int:
    """Run one child from `first` on and report its results; return the position at which to continue."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(modules, first, writing)
    os.close(writing)
    reached, status = read_results(reading, pid, modules, first)
    os.close(reading)
    if reached < len(modules):
        hung = f"took longer than {MODULE_SECONDS:.0f} s"
        reason = hung if status is None else f"ended the process ({ending(status)})"
        report(modules[reached], 0.0, "The import " + reason)
        reached += 1
    return reached


def read_results(reading: int, pid: int, modules: list[list[str]], first: int) -> tuple[int, int | None]:
    """Report the results of a child until it ends or hangs; return the next module and the exit status."""
    reached, buffer, status = first, b"", None
    deadline = time.monotonic() + MODULE_SECONDS
    while reached < len(modules) and time.monotonic() < deadline:
        ready, _, _ = select.select([reading], [], [], POLL_SECONDS)
        chunk = os.read(reading, 65536) if ready else b""
        if not chunk:
            ended, status_now = os.waitpid(pid, os.WNOHANG)  # its own children may keep the pipe open
            if ended:
                return reached, status_now
            continue
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            message = json.loads(line)
            deadline = time.monotonic() + MODULE_SECONDS
            if "end" in message:
                report(modules[message["end"]], message["seconds"], message["error"])
                sys.stdout.write(json.dumps({"edges": message["edges"]}) + "\n")
                reached = message["end"] + 1
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return reached, status


def ending(status: int) -> str:
    """Return how a child ended."""
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def report(pair: list[str], seconds: float, error: str) -> None:
    """Write the result of one module to standard output."""
    sys.stdout.write(
        json.dumps({"library": pair[0], "module": pair[1], "seconds": round(seconds, 4), "error": error}) + "\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Import all modules."""
    modules = json.load(sys.stdin)
    position = 0
    while position < len(modules):
        position = follow(modules, position)


if __name__ == "__main__":
    main()
