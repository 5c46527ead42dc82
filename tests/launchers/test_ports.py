"""Ports for servers that are polled until they listen."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from assay.launchers.ports import LOWEST, free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_is_free_and_no_client_gets_it(tmp_path: Path) -> None:
    """It lies below those of clients, and one that is in use is passed over."""
    clients = tmp_path / "range"
    clients.write_text(f"{LOWEST + 2}\t60999\n")
    assert free_port(clients) in {LOWEST, LOWEST + 1}
    with socket.socket() as first:
        first.bind(("127.0.0.1", LOWEST))
        assert free_port(clients) == LOWEST + 1


def test_where_clients_get_every_port_any_free_one_is_taken(tmp_path: Path) -> None:
    """A machine may give clients all ports, or not say which."""
    clients = tmp_path / "range"
    clients.write_text("1024\t65535\n")
    assert free_port(clients) > 0
    assert LOWEST <= free_port(tmp_path / "missing") < 32_768
