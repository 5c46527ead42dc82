"""`python -m assay.studio.prepared FD`: a notebook server that is prepared before somebody asks for it.

The Hub starts it and holds the other end of the socket FD, which has no name that anybody else could open. It waits
in its sandbox without an owner, a home or a secret. One message assigns it: the variables and arguments of a server,
with its log. It then becomes that server and is never assigned again (decision 0033).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from typing import Any

from assay.launchers.isolation import isolated, isolation_available
from assay.launchers.late_mounts import LateMounts
from assay.launchers.supervisor import end_tree, tree
from assay.studio.process_tree import become_parent, follow, start_child
from assay.studio.server import CODE, GRACE, MODULE, command, resource_limits, set_variables, shared_paths

SERVER = f"{CODE}/prepared_server.py"
LARGEST = 1 << 20  # bytes of a message
READY, ASSIGNED = b"ready", b"assigned"


class Prepared:
    """A server's process in its sandbox, and what it was started with."""

    def __init__(self, hub: socket.socket) -> None:
        """Start it; it imports its libraries. Raises OSError where its home could not be shown to it later."""
        self.hub = hub
        self.home = os.environ.pop("ASSAY_ISOLATED_HOME", "")
        self.shared = shared_paths(self.home) if self.home else ()
        self.mounts = self._mounts()
        self.server, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = [sys.executable, "-P", SERVER, str(inner.fileno())]
        if self.mounts:
            argv = isolated(argv, home=self.home, readable=self.shared, writable=(), elsewhere=self.mounts.binds())
        self.child = start_child(argv, passed=(inner.fileno(),))
        inner.close()

    def _mounts(self) -> LateMounts | None:
        if not self.home or not isolation_available():
            return None
        folder = f"{os.path.realpath(self.home)}/hub"
        os.makedirs(f"{folder}/prepared", mode=0o700, exist_ok=True)  # noqa: PTH103 - pathlib costs start-up time
        return LateMounts(f"{folder}/prepared", (f"{os.path.realpath(self.home)}/homes", f"{folder}/kernels"))

    def wait(self) -> tuple[dict[str, Any], int]:
        """Return the assignment and its log's file descriptor. Raises EOFError when the Hub or the server ended."""
        if not self.server.recv(LARGEST):
            raise EOFError
        self.hub.send(READY)
        tell(f"A server is prepared: process {os.getpid()}")
        readable, _, _ = select.select([self.hub, self.server], [], [])
        if self.server in readable:
            raise EOFError
        text, files, _, _ = socket.recv_fds(self.hub, LARGEST, 1)
        if not text:
            raise EOFError
        return json.loads(text), files[0]

    def assign(self, assignment: dict[str, Any], log: int) -> int:
        """Become the assigned server; return its exit code when it has ended. Raises OSError before it began."""
        os.environ.clear()
        os.environ.update(assignment["variables"])
        home = os.environ["HOME"]
        os.makedirs(home, mode=0o755, exist_ok=True)  # noqa: PTH103 - as above
        os.chdir(home)
        limits = resource_limits()
        limits.set_affinity(tuple(tree(os.getpid())))
        set_variables()
        if os.environ.pop("ASSAY_ISOLATED_HOME", "") and self.mounts:
            if shared_paths(self.home) != self.shared:
                raise OSError("what every server may read has changed since")
            self.mounts.add(home, writable=True)
            self.mounts.add(os.environ["JUPYTER_PATH"], writable=False)
            os.environ["PWD"] = home  # as bubblewrap sets it
        argv = command(assignment["arguments"])
        message = {"variables": dict(os.environ), "argv": argv[argv.index(MODULE) + 1 :], "module": MODULE}
        socket.send_fds(self.server, [json.dumps(message).encode()], [log])
        if not self.server.recv(LARGEST):
            raise OSError("it was prepared with other variables")
        tell("It is assigned")
        for number in (1, 2):
            os.dup2(log, number)
        os.close(log)
        self.server.close()
        self.hub.send(ASSIGNED)
        self.hub.close()
        return follow(self.child, grace=GRACE, limits=limits)


def tell(text: str) -> None:
    """Write a line to the log of prepared servers."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(descriptor: int) -> int:
    """Prepare a server, wait for its assignment, and run it."""
    os.environ.pop("PYTHONPATH", None)  # only needed to find this module
    os.environ["HOME"] = "/nonexistent"
    os.chdir("/")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored if the Hub was started so, and has not changed it yet
    become_parent()
    prepared = Prepared(socket.socket(fileno=descriptor))
    try:
        assignment, log = prepared.wait()
    except (EOFError, ConnectionError):
        end_tree(os.getpid())
        return 1
    return prepared.assign(assignment, log)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
