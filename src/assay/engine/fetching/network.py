"""HTTP requests to package indexes: addresses checked when connecting, credentials, time-outs, retries.

A host name is resolved once and the connection goes to the checked address, which defeats DNS rebinding. Each
redirect is checked like a first request. If the machine uses a proxy, the proxy connects and must do the checks.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from assay.core.package_indexes import is_own_machine, is_private
from assay.engine.interface import Credentials, Index

CONNECT_SECONDS, READ_SECONDS = 15.0, 60.0
ATTEMPTS = 3  # with growing pauses
REDIRECTS = 5
RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})


class Network:
    """Connections to package indexes. The `credentials` of an index are sent to its own host only."""

    def __init__(self, indexes: Sequence[Index], credentials: Credentials | None = None) -> None:
        self._indexes, self._credentials = tuple(indexes), credentials or {}
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}  # by proxy, and whether encrypted
        self._guard = threading.Lock()

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """Return the response to a GET, with its body unread. Raises urllib3's HTTPError."""
        for _ in range(REDIRECTS):
            response = self._with_retries(url, dict(headers or {}) | self._authorization(url))
            if not response.get_redirect_location():
                return response
            url = urljoin(url, str(response.get_redirect_location()))
            response.release_conn()
        raise HTTPError(f"more than {REDIRECTS} redirects")

    def send(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
        """Post a body once, without redirects; return the status of the response. Raises urllib3's HTTPError."""
        response = self._pool(url).request(
            "POST",
            url,
            body=body,
            headers=dict(headers),
            preload_content=False,
            redirect=False,
            retries=False,
            timeout=Timeout(total=seconds),
        )
        response.close()
        return response.status

    def allows(self, host: str, address: str) -> bool:
        """Return whether requests to a host may connect to an address.

        A private address is allowed for an index for which an administrator permits it, and for every host when all
        indexes are trusted (the installation's own). When a trusted index has a private address, the machine
        is in a private network, and only the machine's own addresses are forbidden.
        """
        if not is_private(address) or all(one.trusted for one in self._indexes):
            return True
        if any(one.allow_private and urlsplit(one.url).hostname == host for one in self._indexes):
            return True
        return self._in_private_network and not is_own_machine(address)

    @cached_property
    def _in_private_network(self) -> bool:
        hosts = [urlsplit(one.url).hostname or "" for one in self._indexes if one.trusted]
        return any(is_private(address) for host in hosts for address in _addresses(host, 443))

    def _with_retries(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                response = self._once(url, headers)
            except HTTPError:
                if last:
                    raise
            else:
                if response.status not in RETRY_STATUSES or last:
                    return response
                response.release_conn()
            time.sleep(0.3 * 2**attempt)
        raise HTTPError("no response")

    def _once(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise HTTPError(f"{urlsplit(url).scheme} is not supported")
        return self._pool(url).request(
            "GET",
            url,
            headers=headers,
            preload_content=False,
            redirect=False,
            retries=False,
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        )

    def _authorization(self, url: str) -> dict[str, str]:
        pair = self.credentials_for(url)
        return {"Authorization": f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"} if pair else {}

    def credentials_for(self, url: str) -> tuple[str, str] | None:
        """Return the user name and password that are sent to a URL: those of the first index on its host."""
        origin = urlsplit(url)
        for one in self._indexes:
            own = urlsplit(one.url)
            if one.name in self._credentials and (own.scheme, own.netloc) == (origin.scheme, origin.netloc):
                return self._credentials[one.name]
        return None

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy, encrypted = proxy_for(url), urlsplit(url).scheme == "https"
        with self._guard:  # reading the certificates takes 40 ms
            if (proxy, encrypted) not in self._pools:
                self._pools[proxy, encrypted] = self._new_pool(proxy, encrypted=encrypted)
            return self._pools[proxy, encrypted]

    def _new_pool(self, proxy: str, *, encrypted: bool) -> urllib3.PoolManager:
        context = ssl.create_default_context() if encrypted or proxy else None
        if proxy:
            return urllib3.ProxyManager(proxy, maxsize=8, ssl_context=context)
        pool = urllib3.PoolManager(maxsize=8, ssl_context=context)
        pool.pool_classes_by_scheme = _checked_pools(self)
        return pool


def _checked_pools(network: Network) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pools that connect to checked addresses only."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port, network)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port, network)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def connect(host: str, port: int | None, network: Network) -> socket.socket:
    """Check all addresses of a host and return a connection to one of them. Raises HTTPError."""
    addresses = _addresses(host, port or 443)
    refused = [one for one in addresses if not network.allows(host, one)]
    if refused:
        raise HTTPError(
            f"{host} resolves to {refused[0]}, a private address; an administrator must allow it for this index"
        )
    error: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port or 443), CONNECT_SECONDS)
        except OSError as failed:
            error = failed
    raise HTTPError(f"{host} does not respond: {error}")


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise HTTPError(f"{host} cannot be resolved: {error}") from error


def proxy_for(url: str) -> str:
    """Return the proxy for a URL from the environment variables of the machine, '' for none."""
    parts = urlsplit(url)
    excluded = os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",")
    host = parts.hostname or ""
    if any(one.strip() and host.endswith(one.strip().lstrip(".")) for one in excluded) or host == "127.0.0.1":
        return ""
    name = f"{parts.scheme}_proxy"
    return os.environ.get(name, os.environ.get(name.upper(), ""))
