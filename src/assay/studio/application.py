"""`python application.py OPTIONS -- COMMAND`: one application behind the Hub's sign-in.

Extends jupyter-server-proxy's standalone proxy: it reports the last real use to the Hub, where the original
reports constant activity. Runs in Studio's prefix.
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

AUTH_CACHE_SECONDS = 10  # until a sign-out or a removed right takes effect
ATTEMPT_SECONDS, POLL_SECONDS = 4.0, 0.05  # the library waits longer after each attempt, so each one polls


class ApplicationProxy(StandaloneProxyServer):  # type: ignore[misc]  # its base has no types
    """A proxy to one application that records when it was last used."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - traits
        super().__init__(**settings)
        self.last_used = self.last_reported = utcnow()
        self.activity_interval = 0  # the original reports "now", used or not

    def get_proxy_base_class(self) -> tuple[type | None, dict[str, Any]]:
        """Return the proxy's class, extended to record requests and messages."""
        base, settings = super().get_proxy_base_class()
        if base is None:
            return None, settings
        application = self

        class TrackingProxy(base):  # type: ignore[misc, valid-type]  # as above
            async def proxy(self, port: int, path: str) -> Any:  # noqa: ANN401 - as its base
                application.last_used = utcnow()
                return await super().proxy(port, path)

            async def _http_ready_func(self, supervised: Any) -> bool:  # noqa: ANN401 - as its base
                """Return whether the application responds; stop trying when its process has ended."""
                first = supervised.proc
                deadline = time.monotonic() + ATTEMPT_SECONDS
                while time.monotonic() < deadline:
                    if supervised.proc is not first or first.returncode is not None:
                        with suppress(Exception):  # it may have ended already
                            await supervised.kill()
                        raise HTTPError(500, f"The application ended with exit code {first.returncode}.")
                    if await super()._http_ready_func(supervised):
                        return True
                    await asyncio.sleep(POLL_SECONDS)
                return False

            def on_message(self, message: Any) -> Any:  # noqa: ANN401 - as its base
                application.last_used = utcnow()
                return super().on_message(message)

        return TrackingProxy, settings

    def start(self) -> None:
        """Serve the proxy, and report its use to the Hub."""
        HubOAuth.instance().cache_max_age = AUTH_CACHE_SECONDS
        seconds = int(os.environ.get("JUPYTERHUB_ACTIVITY_INTERVAL", "300"))
        IOLoop.current().add_callback(PeriodicCallback(self.report_activity, seconds * 1000).start)
        super().start()

    async def report_activity(self) -> None:
        """Report the last use to the Hub if it has changed."""
        if self.last_used > self.last_reported:
            self.last_reported = self.last_used
            await _post_activity(isoformat(self.last_used))


async def _post_activity(at: str) -> None:
    """Send the time of the last use to the Hub; ignore a Hub that does not respond."""
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
