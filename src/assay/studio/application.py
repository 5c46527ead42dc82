"""`python application.py OPTIONS -- COMMAND`: one application behind the Hub's sign-in.

jupyter-server-proxy's standalone proxy, which tells the Hub when somebody used the application instead of
telling it all the time that somebody does. Runs in Studio's prefix.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from typing import Any

from jupyter_server_proxy.standalone.app import StandaloneProxyServer
from jupyterhub.services.auth import HubOAuth
from jupyterhub.utils import isoformat, utcnow
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError

KNOWN = 10  # seconds that somebody who signed out or was sent away is still let in
TURN, PAUSE = 4.0, 0.05  # seconds: between two turns the library waits ever longer, so we look often in each


class ApplicationProxy(StandaloneProxyServer):  # type: ignore[misc]  # its base has no types
    """Proxies to one application, and remembers when it was used."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - traits
        super().__init__(**settings)
        self.used = self.told = utcnow()
        self.activity_interval = 0  # its own would say "now", used or not

    def get_proxy_base_class(self) -> tuple[type | None, dict[str, Any]]:
        """Return the proxy's class, which notes requests and messages of people."""
        base, settings = super().get_proxy_base_class()
        if base is None:
            return None, settings
        application = self

        class Noting(base):  # type: ignore[misc, valid-type]  # as above
            async def proxy(self, port: int, path: str) -> Any:  # noqa: ANN401 - as its base
                application.used = utcnow()
                return await super().proxy(port, path)

            async def _http_ready_func(self, supervised: Any) -> bool:  # noqa: ANN401 - as its base
                """Say whether the application answers. One that ends meanwhile is not tried again and again."""
                first = supervised.proc
                until = time.monotonic() + TURN
                while time.monotonic() < until:
                    if supervised.proc is not first or first.returncode is not None:
                        with suppress(Exception):  # it may have ended by itself, which is what we want
                            await supervised.kill()
                        raise HTTPError(500, f"The application ended with exit code {first.returncode}.")
                    if await super()._http_ready_func(supervised):
                        return True
                    await asyncio.sleep(PAUSE)
                return False

            def on_message(self, message: Any) -> Any:  # noqa: ANN401 - as its base
                application.used = utcnow()
                return super().on_message(message)

        return Noting, settings

    def start(self) -> None:
        """Serve, and tell the Hub of use."""
        HubOAuth.instance().cache_max_age = KNOWN
        seconds = int(os.environ.get("JUPYTERHUB_ACTIVITY_INTERVAL", "300"))
        IOLoop.current().add_callback(PeriodicCallback(self.tell, seconds * 1000).start)
        super().start()

    async def tell(self) -> None:
        """Tell the Hub when the application was last used, if that is news."""
        if self.used > self.told:
            self.told = self.used
            await _notify(isoformat(self.used))


async def _notify(at: str) -> None:
    """Tell the Hub the time of the last use; a Hub that is away hears the next one."""
    name = os.environ["JUPYTERHUB_SERVER_NAME"]
    request = HTTPRequest(
        os.environ["JUPYTERHUB_ACTIVITY_URL"],
        method="POST",
        headers={"Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}", "Content-Type": "application/json"},
        body=json.dumps({"servers": {name: {"last_activity": at}}, "last_activity": at}),
    )
    with suppress(OSError, HTTPClientError):
        await AsyncHTTPClient().fetch(request)


if __name__ == "__main__":
    ApplicationProxy.launch_instance()
