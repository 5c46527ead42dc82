"""Inside the Hub: servers as local processes that say at once when they break, and why.

JupyterHub's own spawner writes all servers' output into the Hub's, and waits for the full time-out when
a server has ended while it was starting.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado.web import HTTPError
from traitlets import Unicode

LAST = 600  # bytes of a broken server's log that are shown
TURN = 0.05  # seconds between two looks
LISTENING = 80  # per cent done when the server listens


class WatchedSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # its base has no types
    """Keeps one log per server, and watches it until it listens."""

    log_folder = Unicode(config=True, help="Where the logs of servers are kept.")

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - traits
        super().__init__(**settings)
        self.steps: list[dict[str, Any]] = []

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell each step of the start when it is done; whoever asks later hears all of them."""
        told = 0
        while not self.steps or self.steps[-1]["progress"] < LISTENING:
            for step in self.steps[told:]:
                yield step
            told = len(self.steps)
            await asyncio.sleep(TURN)
        for step in self.steps[told:]:
            yield step

    def _step(self, progress: int, message: str) -> None:
        self.steps.append({"progress": progress, "message": message})

    async def start(self) -> tuple[str, int]:
        """Start the server and return where it listens. Raises HTTPError when it ends before."""
        self.steps = []
        self._step(20, "The approval desk has said yes")
        log = Path(self.log_folder) / f"{self.user.name}-{self.name or 'default'}.log"
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("wb") as output:
            self.popen_kwargs = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            ip, port = await super().start()
        self._step(40, "The server's process runs")
        while not await _listens(ip, port):
            code = await self.poll()
            if code is not None:
                raise _broken(code, log)
            await asyncio.sleep(TURN)
        self._step(LISTENING, "The server listens; the Hub leads people to it")
        return ip, port


async def _listens(ip: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(ip, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _broken(code: int, log: Path) -> HTTPError:
    last = log.read_bytes()[-LAST:].decode(errors="replace").strip()
    message = f"The server ended while it was starting (exit code {code}). Its last words: {last or 'none'}"
    error = HTTPError(500, message.replace("%", "%%"))
    error.jupyterhub_message = message
    return error
