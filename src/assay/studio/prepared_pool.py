"""Inside the Hub: notebook servers that are prepared before somebody asks, for the local spawner.

Each is a process of `prepared.py`, which only this process can assign, once. They are prepared while somebody uses
Studio (`active` is a file that Assay touches), never while another server starts, and ended when nobody does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)
CHECK_SECONDS = 1.0
UNUSED_SECONDS = 600.0  # after which prepared servers are ended
PAUSE_SECONDS = 3.0  # after a start, in which its page and its first kernel have the processors
ASSIGN_SECONDS = 10.0  # after which a prepared server that does not take its assignment is given up
ATTEMPTS = 3  # that may fail in a row, until somebody uses Studio anew
READY, ASSIGNED = b"ready", b"assigned"


@dataclass
class PreparedServer:
    """One prepared process and this end of its socket."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: bool = False

    def is_ready(self) -> bool:
        """Return whether it can be assigned: it has said so, and is running."""
        if self.process.poll() is not None:
            return False
        if not self.ready:
            try:
                self.ready = self.channel.recv(64) == READY
            except OSError:  # it has not said anything, or is ending
                return False
        return self.ready

    async def assign(self, variables: Mapping[str, str], arguments: list[str], log: BinaryIO) -> bool:
        """Make it one person's server; return whether it has become that, else it is ended."""
        message = json.dumps({"variables": dict(variables), "arguments": arguments}).encode()
        loop = asyncio.get_running_loop()
        try:
            socket.send_fds(self.channel, [message], [log.fileno()])
            taken = await asyncio.wait_for(loop.sock_recv(self.channel, 64), ASSIGN_SECONDS) == ASSIGNED
        except (OSError, TimeoutError):
            taken = False
        if taken:
            self.channel.close()
        else:
            self.end()
        return taken

    def end(self) -> None:
        """End it; its whole tree ends with it."""
        self.channel.close()
        self.process.kill()
        self.process.wait()


@dataclass
class Pool:
    """As many prepared servers as the installation wants. `variables` are those of the Hub that every server gets."""

    size: int
    active: Path
    output: Path
    variables: Mapping[str, str]
    servers: list[PreparedServer] = field(default_factory=list)
    starting: int = 0
    _failed: int = 0
    _used_at: float = 0.0
    _paused_until: float = 0.0

    async def run(self) -> None:
        """Keep the pool filled while somebody uses Studio; the Hub's own start counts as use."""
        if not self.size:
            return
        self.active.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.active.touch()
        while True:
            try:
                self.update()
            except OSError as error:
                log.warning("No server could be prepared: %s", error)
            await asyncio.sleep(CHECK_SECONDS)

    def update(self) -> None:
        """Replace ended servers, one at a time; end all when nobody has used Studio for a while."""
        ended = [one for one in self.servers if one.process.poll() is not None]
        for one in ended:
            self.servers.remove(one)
            one.end()
            self._failed += 1
        used_at = self._last_use()
        if used_at > self._used_at:
            self._used_at, self._failed = used_at, 0
        if time.time() - used_at > UNUSED_SECONDS:
            self.end()
        elif self._may_prepare():
            self.servers.append(self._start())

    def _may_prepare(self) -> bool:
        busy = (
            self.starting or time.monotonic() < self._paused_until or not all(one.is_ready() for one in self.servers)
        )
        return len(self.servers) < self.size and not busy and self._failed < ATTEMPTS

    def _last_use(self) -> float:
        try:
            return self.active.stat().st_mtime
        except OSError:
            return 0.0

    def _start(self) -> PreparedServer:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.settimeout(0)
        with theirs, self.output.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "assay.studio.prepared", str(theirs.fileno())],
                env=dict(self.variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[theirs.fileno()],
            )
        return PreparedServer(process, ours)

    def take(self) -> PreparedServer | None:
        """Return a server that is ready and forget it, so that it is assigned once; None without one."""
        for one in self.servers:
            if one.is_ready():
                self.servers.remove(one)
                self._failed = 0
                return one
        return None

    def begin(self) -> None:
        """Note that a server starts: nothing is prepared meanwhile."""
        self.starting += 1

    def finish(self) -> None:
        """Note that a start is over."""
        self.starting -= 1
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    def end(self) -> None:
        """End all prepared servers."""
        while self.servers:
            self.servers.pop().end()


def pool_from_environment(folder: Path, variables: Mapping[str, str], kept: list[str]) -> Pool:
    """Return the pool that this process's environment variables describe. `kept` are names of its variables."""
    known = {name: os.environ[name] for name in kept if name in os.environ}
    size = int(os.environ.get("ASSAY_PREPARED_SERVERS", "0"))
    return Pool(size, folder / "active", folder / "prepared.log", {**known, **variables})
