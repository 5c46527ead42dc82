"""Inside the Hub: servers as local processes that say at once when they break, and why.

JupyterHub's own spawner writes all servers' output into the Hub's, and waits for the full time-out when
a server has ended while it was starting.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from jupyterhub.spawner import SimpleLocalProcessSpawner
from tornado.web import HTTPError
from traitlets import Unicode

LAST = 600  # bytes of a broken server's log that are shown
TURN = 0.05  # seconds between two looks


class WatchedSpawner(SimpleLocalProcessSpawner):  # type: ignore[misc]  # its base has no types
    """Keeps one log per server, and watches it until it listens."""

    log_folder = Unicode(config=True, help="Where the logs of servers are kept.")

    async def start(self) -> tuple[str, int]:
        """Start the server and return where it listens. Raises HTTPError when it ends before."""
        log = Path(self.log_folder) / f"{self.user.name}-{self.name or 'default'}.log"
        log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with log.open("wb") as output:
            self.popen_kwargs = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
            ip, port = await super().start()
        while not await _listens(ip, port):
            code = await self.poll()
            if code is not None:
                raise _broken(code, log)
            await asyncio.sleep(TURN)
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
