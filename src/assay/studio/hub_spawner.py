"""Inside the Hub: a spawner of local servers with one log each, which reports a failed start at once.

JupyterHub's spawner writes the output of all servers into the Hub's log, and waits for the full time-out when a
server ends while starting.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado.web import HTTPError
from traitlets import Unicode

from assay.launchers.ports import free_port
from assay.studio.prepared_pool import Pool

LOG_BYTES = 600  # of a failed server's log in the message
POLL_SECONDS = 0.01
NOTEBOOK = ["jupyterhub-singleuser"]  # the end of a notebook server's command; applications are not prepared
LISTENING = 80  # per cent


class WatchedSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # its base has no types
    """A local spawner that keeps one log per server and polls the server until it listens."""

    log_folder = Unicode(config=True, help="Folder of the servers' logs.")
    pool: Pool | None = None  # of all spawners of this process

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - traits
        super().__init__(**settings)
        self.steps: list[dict[str, Any]] = []

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield each completed step of the start, from the first one."""
        sent = 0
        while not self.steps or self.steps[-1]["progress"] < LISTENING:
            for step in self.steps[sent:]:
                yield step
            sent = len(self.steps)
            await asyncio.sleep(POLL_SECONDS)
        for step in self.steps[sent:]:
            yield step

    def _step(self, progress: int, message: str) -> None:
        self.steps.append({"progress": progress, "message": message})

    async def start(self) -> tuple[str, int]:
        """Start the server and return its address and port. Raises HTTPError when it ends before it listens."""
        self.steps = []
        self._step(20, "Approved by Assay")
        if self.pool is None:
            return await self._start_watched()
        self.pool.begin()
        try:
            return await self._start_watched()
        finally:
            self.pool.finish()

    async def _start_watched(self) -> tuple[str, int]:
        log = Path(self.log_folder) / f"{self.user.name}-{self.name or 'default'}.log"
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.port:
            self.port: int = free_port()
        with log.open("wb") as output:
            if not await self._assign_prepared(output):
                self.popen_kwargs = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
                await super().start()
        self._step(40, "The server's process is running")
        address: tuple[str, int] = (self.ip or "127.0.0.1", self.port)
        while not await _listens(*address):
            code = await self.poll()
            if code is not None:
                raise _start_failed(code, log)
            await asyncio.sleep(POLL_SECONDS)
        self._step(LISTENING, "The server is listening; the Hub is adding its route")
        return address

    async def _assign_prepared(self, output: BinaryIO) -> bool:
        """Make a prepared server this one, with all that a new process would get; return whether there was one."""
        prepared = self.pool.take() if self.pool and self.cmd[-1:] == NOTEBOOK else None
        if prepared is None:
            return False
        arguments = [*self.cmd[-1:], *self.get_args()]
        if not await prepared.assign(self.get_env(), arguments, output):
            return False
        self.proc, self.pid = prepared.process, prepared.process.pid
        return True


async def _listens(ip: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(ip, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _start_failed(code: int, log: Path) -> HTTPError:
    last = log.read_bytes()[-LOG_BYTES:].decode(errors="replace").strip()
    message = f"The server ended while it was starting (exit code {code}). Last output: {last or 'none'}"
    error = HTTPError(500, message.replace("%", "%%"))
    error.jupyterhub_message = message
    return error
