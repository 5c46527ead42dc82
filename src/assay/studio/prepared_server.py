"""`python -P prepared_server.py FD`: import what a notebook server needs, wait for an assignment, and become it.

Runs in Studio's prefix, in the sandbox of `prepared.py`, which sends the assignment through the socket FD. Libraries
that keep what an assignment sets, read while they are imported, are imported after it (`jupyterhub.singleuser`,
`jupyterlab.labapp`) or read it again. It refuses an assignment of which anything else was read before.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import socket
import sys
import sysconfig
from typing import Any

LARGEST = 1 << 20  # bytes of a message
TOLD = {"USER"}  # by an option of the server's command, too
READ_AGAIN = ("send2trash.plat_other", "wsgiref.handlers", "multiprocessing.process")
HANDLERS = (
    *(f"{one}.handlers" for one in ("api", "config", "contents", "events", "kernels", "kernelspecs", "nbconvert")),
    *("security.handlers", "sessions.handlers", "shutdown"),
)
LAB_HANDLERS = (
    "announcements",
    "build_handler",
    "error_handler",
    "extension_manager_handler",
    "plugin_manager_handler",
)
MODULES = (
    "jupyterhub.log",
    "jupyter_server.serverapp",
    *(f"jupyter_server.services.{one}" for one in HANDLERS),
    *(f"jupyter_server.{one}.handlers" for one in ("view", "kernelspecs", "nbconvert")),
    "jupyter_server_terminals",
    "jupyter_lsp",
    "jupyterlab_server",
    "jupyterlab.commands",
    *(f"jupyterlab.handlers.{one}" for one in LAB_HANDLERS),
    "notebook_shim.nbserver",
    "IPython.core.interactiveshell",
    "ipykernel.kernelspec",
    "tornado.platform.asyncio",
    "anyio._backends._asyncio",
    "httpcore",
    "babel.dates",
    "jinja2.ext",
    "psutil",
)


class Watched(type(os.environ)):  # type: ignore[misc]  # a class that the standard library does not name
    """Environment variables that know which of them were read."""

    read: set[str] = set()  # noqa: RUF012 - of this process

    def __getitem__(self, name: str) -> str:
        """Return a variable."""
        self.read.add(name)
        return str(super().__getitem__(name))


def prepare() -> dict[str, str | None]:
    """Import the libraries of a notebook server; return the environment variables that they have read meanwhile."""
    for name in READ_AGAIN:
        importlib.import_module(name)
    sysconfig.get_config_vars()  # read when it is first asked
    plain = type(os.environ)
    os.environ.__class__ = Watched
    try:
        for name in MODULES:
            importlib.import_module(name)
    finally:
        os.environ.__class__ = plain
    return {name: os.environ.get(name) for name in sorted(Watched.read)}


def unlike(read: dict[str, str | None], variables: dict[str, str]) -> set[str]:
    """Return the variables that were read with another value than the assigned one, and are not read again."""
    return {name for name, value in read.items() if variables.get(name) != value} - TOLD


def become(assignment: dict[str, Any]) -> None:
    """Take the assigned variables and folder as if this process had been started with them."""
    os.environ.clear()
    os.environ.update(assignment["variables"])
    os.chdir(os.environ["HOME"])
    sys.argv = ["", *assignment["argv"]]
    read_again()


def read_again() -> None:
    """Make the standard library and READ_AGAIN read their environment variables and the working folder again."""
    trash, handlers, process = (sys.modules[name] for name in READ_AGAIN)
    importlib.reload(sysconfig)
    importlib.reload(trash)
    vars(handlers)["BaseHandler"].os_environ = vars(handlers)["read_environ"]()
    vars(process)["ORIGINAL_DIR"] = os.getcwd()  # noqa: PTH109 - as the library does


def main(descriptor: int) -> None:
    """Prepare, wait, and run the assigned server."""
    channel = socket.socket(fileno=descriptor)
    read = prepare()
    gc.collect()
    gc.freeze()  # no later collection needs to look at what is loaded now
    channel.send(b"ready")
    text, files, _, _ = socket.recv_fds(channel, LARGEST, 1)
    assignment = json.loads(text or "{}")
    if not assignment:
        sys.exit(1)
    if names := unlike(read, assignment["variables"]):
        sys.exit(f"Read while it was prepared, and assigned otherwise: {', '.join(sorted(names))}")
    channel.send(b"taken")
    channel.close()
    for number in (1, 2):
        os.dup2(files[0], number)
    os.close(files[0])
    become(assignment)
    runpy.run_module(assignment["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
