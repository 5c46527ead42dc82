"""Opening addresses of package sources: checked when connecting, with credentials, time-outs and retries.

A name is looked up once and the connection goes to the address that was checked, so that a name which answers
differently the second time gains nothing. Redirects are followed here and checked again. Where the machine's
operator has set a proxy, connections are its task, and so is the check.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
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
ATTEMPTS = 3  # with growing pauses; the person can build again
REDIRECTS = 5
AGAIN = frozenset({429, 500, 502, 503, 504})


class Network:
    """Connections to package sources. `credentials` go to a source's own host and nowhere else."""

    def __init__(self, sources: Sequence[Index], credentials: Credentials | None = None) -> None:
        self._sources, self._credentials = tuple(sources), credentials or {}
        self._pools: dict[str, urllib3.PoolManager] = {}

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """Return the answer to a GET, its body not yet read. Raises urllib3's HTTPError."""
        for _ in range(REDIRECTS):
            answer = self._patiently(url, dict(headers or {}) | self._authorization(url))
            if not answer.get_redirect_location():
                return answer
            url = urljoin(url, str(answer.get_redirect_location()))
            answer.release_conn()
        raise HTTPError(f"more than {REDIRECTS} redirects")

    def send(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
        """Post a body once, following nothing; return the status of the answer. Raises urllib3's HTTPError."""
        answer = self._pool(url).request(
            "POST",
            url,
            body=body,
            headers=dict(headers),
            preload_content=False,
            redirect=False,
            retries=False,
            timeout=Timeout(total=seconds),
        )
        answer.close()
        return answer.status

    def allows(self, host: str, address: str) -> bool:
        """Say whether a host may be asked at an address.

        Addresses of one's own networks are for sources of which an administrator said so. The installation's
        own index is trusted, alone with all that it leads to; where even that lies in a private network, the
        whole machine does, and only the machine's own addresses stay closed.
        """
        if not is_private(address) or all(one.trusted for one in self._sources):
            return True
        if any(one.allow_private and urlsplit(one.url).hostname == host for one in self._sources):
            return True
        return self._in_closed_network and not is_own_machine(address)

    @cached_property
    def _in_closed_network(self) -> bool:
        hosts = [urlsplit(one.url).hostname or "" for one in self._sources if one.trusted]
        return any(is_private(address) for host in hosts for address in _addresses(host, 443))

    def _patiently(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                answer = self._once(url, headers)
            except HTTPError:
                if last:
                    raise
            else:
                if answer.status not in AGAIN or last:
                    return answer
                answer.release_conn()
            time.sleep(0.3 * 2**attempt)
        raise HTTPError("no answer")

    def _once(self, url: str, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise HTTPError(f"{urlsplit(url).scheme} is not asked")
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
        origin = urlsplit(url)
        for one in self._sources:
            own = urlsplit(one.url)
            if one.name in self._credentials and (own.scheme, own.netloc) == (origin.scheme, origin.netloc):
                pair = ":".join(self._credentials[one.name]).encode()
                return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = operators_proxy(url)
        if proxy not in self._pools:
            context = ssl.create_default_context()
            if proxy:
                pool: urllib3.PoolManager = urllib3.ProxyManager(proxy, maxsize=8, ssl_context=context)
            else:
                pool = urllib3.PoolManager(maxsize=8, ssl_context=context)
                pool.pool_classes_by_scheme = _checked_pools(self)
            self._pools[proxy] = pool
        return self._pools[proxy]


def _checked_pools(network: Network) -> dict[str, type[HTTPConnectionPool]]:
    """Return pools whose connections go to checked addresses only."""

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
    """Return a connection to one of a host's addresses, each checked first. Raises HTTPError."""
    addresses = _addresses(host, port or 443)
    refused = [one for one in addresses if not network.allows(host, one)]
    if refused:
        raise HTTPError(f"{host} leads to {refused[0]}, a private address; an administrator has to allow that source")
    error: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port or 443), CONNECT_SECONDS)
        except OSError as failed:
            error = failed
    raise HTTPError(f"{host} does not answer: {error}")


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise HTTPError(f"{host} is not known: {error}") from error


def operators_proxy(url: str) -> str:
    """Return the proxy that the machine's operator has set for an address, '' for none."""
    parts = urlsplit(url)
    spared = os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")).split(",")
    host = parts.hostname or ""
    if any(one.strip() and host.endswith(one.strip().lstrip(".")) for one in spared) or host == "127.0.0.1":
        return ""
    name = f"{parts.scheme}_proxy"
    return os.environ.get(name, os.environ.get(name.upper(), ""))
