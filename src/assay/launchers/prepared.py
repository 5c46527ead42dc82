"""Runs as `python -m assay.launchers.prepared MODULE`: imports a module of ours, then forks supervisors that call it.

So its processes start in milliseconds, where importing takes longer than what many of them do. A fork has nothing of
the one before: this process itself only imports, and ends when it is not used.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from typing import Protocol, cast

from assay.launchers import supervisor

UNUSED_SECONDS = 600.0


class Prepared(Protocol):
    """A module that can be prepared. What `prepare` keeps must hold for each later call of `main`."""

    prepare: Callable[[], None]
    main: Callable[[list[str]], int]


def prepared(name: str) -> Prepared:
    """Import a module and prepare it."""
    module = cast("Prepared", importlib.import_module(name))
    module.prepare()
    gc.freeze()  # so that a search for garbage in a fork copies nothing
    return module


def call(module: Prepared, arguments: list[str], variables: dict[str, str]) -> int:
    """Call a module's `main` as if it ran in a process of its own, and return its exit code."""
    signal.set_wakeup_fd(-1)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.environ.clear()
    os.environ.update(variables)
    try:
        return module.main(arguments)
    except Exception:  # noqa: BLE001 - it ends a process, too
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def serve(name: str, unused: float = UNUSED_SECONDS) -> None:
    """Prepare a module and serve requests from standard input."""
    module = prepared(name)
    supervisor.serve(
        socket.socket(fileno=os.dup(0)), lambda arguments, variables: call(module, arguments, variables), unused
    )


if __name__ == "__main__":
    serve(sys.argv[1])
