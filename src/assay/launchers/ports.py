"""Free ports of loopback for servers that are started and then polled."""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOWEST = 20_000
TRIES = 100
CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port(clients: Path = CLIENTS) -> int:
    """Return a free port of loopback that the system gives to no client, or any free one where none is left.

    Who polls a port that nothing listens on, and gets that same port as its own, is connected with itself:
    it sees a server that does not exist, and takes the port from the one that is to start
    (simultaneous open, RFC 9293, section 3.5).
    """
    ports = range(LOWEST, _first_of_clients(clients))
    tries = random.sample(ports, k=min(TRIES, len(ports)))
    return next(filter(None, map(_bind, [*tries, 0])))


def _first_of_clients(clients: Path) -> int:
    try:
        return int(clients.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 32_768  # the kernel's default


def _bind(port: int) -> int:
    """Return the port that was bound for a moment; 0 if it is in use."""
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return 0
        return int(one.getsockname()[1])
