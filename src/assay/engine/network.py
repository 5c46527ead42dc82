"""Opening addresses of package indexes: with the machine's certificates, its proxy, time-outs and retries."""

from __future__ import annotations

import os
import ssl
from urllib.parse import urlsplit

import urllib3
from urllib3.util import Retry, Timeout

from assay.engine.interface import Index

CONNECT_SECONDS, READ_SECONDS = 15.0, 60.0
RETRIES = 3  # with growing pauses; the person can build again


class Network:
    """Connections to package sources."""

    def __init__(self, sources: tuple[Index, ...], *, connections: int = 8) -> None:
        self.sources = sources
        self._connections = connections
        self._pools: dict[str, urllib3.PoolManager] = {}

    def open(self, url: str, headers: dict[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """Return the answer to a GET, its body not yet read. Raises urllib3's HTTPError."""
        return self._pool(url).request(
            "GET",
            url,
            headers=headers or {},
            preload_content=False,
            retries=Retry(total=RETRIES, backoff_factor=0.3, status_forcelist=(500, 502, 503, 504)),
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = _proxy(url)
        if proxy not in self._pools:
            context = ssl.create_default_context()
            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, maxsize=self._connections, ssl_context=context)
                if proxy
                else urllib3.PoolManager(maxsize=self._connections, ssl_context=context)
            )
        return self._pools[proxy]


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    spared = os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",")
    host = parts.hostname or ""
    if any(one.strip() and host.endswith(one.strip().lstrip(".")) for one in spared) or host == "127.0.0.1":
        return ""
    name = f"{parts.scheme}_proxy"
    return os.environ.get(name, os.environ.get(name.upper(), ""))
