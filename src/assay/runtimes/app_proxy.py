"""The reverse proxy of all apps: one port, one host name per app, access checked at each request.

Each request uses its own connection to the app, so bytes after a checked head cannot be taken for another
request. WebSockets, streams and long responses pass unchanged.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from django.conf import settings
from django.db import close_old_connections

from assay.core.errors import AssayError, ForbiddenError
from assay.runtimes import app_tickets
from assay.runtimes.http_head import Head, MalformedError, forwarded_head, read_head

Result = TypeVar("Result")
Send = Callable[[bytes], Awaitable[None]]
log = logging.getLogger("assay.app_proxy")
SIGN_IN_PATH = "/-/enter"  # redeems a ticket
HOST = re.compile(r"([a-z][a-z0-9-]*)-([0-9]{1,15})")
HEAD_BYTES = 64 * 1024
HEAD_SECONDS, IDLE_SECONDS = 15, 3600
LINGER_SECONDS = 1
CHUNK = 64 * 1024
DATABASE_THREADS = 8  # parallel database queries
MAX_CONNECTIONS = 500
PAGE = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "{refresh}<title>{title}</title>"
    "<style>body{{font:16px system-ui;max-width:34em;margin:15vh auto;padding:0 1em;color-scheme:light dark}}</style>"
    "<h1>{title}</h1><p>{text}</p><p><a href='{home}'>Back to Assay</a></p>"
)


class AppProxy:
    """A server that forwards the requests of signed-in people to apps."""

    def __init__(self) -> None:
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self.cookie = "__Host-assay-app" if settings.SECURE else "assay-app"

    async def serve(self, port: int) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._handle_connection, "127.0.0.1", port, limit=HEAD_BYTES)
        async with server:
            await server.serve_forever()

    async def _handle_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle the one request of a connection; a failure ends only this connection."""
        async with self._connections:
            try:
                await self._handle_request(reader, writer)
            except MalformedError as error:
                writer.write(page(HTTPStatus.BAD_REQUEST, "Bad request", f"The {error} is malformed."))
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                pass  # a side has disconnected
            except Exception:
                log.exception("A request to an app failed")
            finally:
                await close_connection(reader, writer)

    async def _handle_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = read_head(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS))
        app = app_id_of(head.host)
        if app is None:
            writer.write(page(HTTPStatus.NOT_FOUND, "App not found", "Check the address."))
        elif head.target.partition("?")[0] == SIGN_IN_PATH:
            writer.write(await in_thread(lambda: self._sign_in(head, app)))
        elif not head.same_origin:
            writer.write(page(HTTPStatus.FORBIDDEN, "Cross-origin request refused", "Open the app itself."))
        else:
            await self._proxy(head, app, reader, writer)
        await writer.drain()

    async def _proxy(self, head: Head, app: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            name, port = await in_thread(
                lambda: (app_tickets.visitor_name(head.cookie(self.cookie), app), app_tickets.serving_port(app))
            )
        except ForbiddenError:
            writer.write(redirect_to_sign_in(head, app))
            return
        if port is None:
            writer.write(
                page(HTTPStatus.SERVICE_UNAVAILABLE, "The app is starting", "This page reloads by itself.", reload=2)
            )
            return
        try:
            app_reader, app_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(
                page(HTTPStatus.BAD_GATEWAY, "The app does not respond", "This page reloads by itself.", reload=2)
            )
            return
        added = {"X-Forwarded-User": name, "X-Forwarded-Host": head.host, "X-Forwarded-Proto": scheme()}
        with contextlib.closing(app_writer), app_writer.get_extra_info("socket").dup() as handle:
            send = sender(handle)
            await send(forwarded_head(head, cookie=self.cookie, added=added))
            await forward(head, (reader, writer), (app_reader, send))

    def _sign_in(self, head: Head, app: int) -> bytes:
        """Redeem a ticket and set the app's cookie."""
        ticket = parse_qs(urlsplit(head.target).query).get("ticket", [""])[0]
        try:
            cookie, target = app_tickets.redeem_ticket(ticket, app)
        except AssayError as error:
            return page(HTTPStatus.FORBIDDEN, error.detail, error.hint)
        secure = "; Secure" if settings.SECURE else ""
        set_cookie = (
            f"{self.cookie}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={app_tickets.COOKIE_SECONDS}{secure}"
        )
        return response(
            HTTPStatus.SEE_OTHER, {"Location": quote(target, safe="/?&=%#:+,;@~"), "Set-Cookie": set_cookie}
        )


async def close_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection after the client has read everything; closing with unread bytes would drop the response."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_SECONDS):
            while await reader.read(CHUNK):
                pass
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


def sender(handle: socket.socket) -> Send:
    """Return a function that sends to an app over its own handle, apart from the one that is read.

    An app may respond early and close without reading the body. Sending then fails, and with one transport for
    both directions asyncio would drop the response too. With two handles the response can still be read.
    """
    loop = asyncio.get_running_loop()
    return partial(loop.sock_sendall, handle)


async def forward(
    head: Head,
    visitor: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    app: tuple[asyncio.StreamReader, Send],
) -> None:
    """Forward exactly one request to the app and its response back; a WebSocket runs until one side ends."""

    async def send_back(data: bytes) -> None:
        visitor[1].write(data)
        await visitor[1].drain()

    if head.upgrades:
        first = await asyncio.wait_for(app[0].readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        await send_back(first)
        if first.split(b" ", 2)[1] == b"101":
            await first_completed(copy(visitor[0], app[1]), copy(app[0], send_back))
            return
        await copy(app[0], send_back)
        return
    await exchange(send_body(head, visitor[0], app[1]), copy(app[0], send_back))


async def send_body(head: Head, reader: asyncio.StreamReader, send: Send) -> None:
    """Send a request's body, and nothing after it. Raises MalformedError."""
    if head.length is not None:
        return await copy(reader, send, head.length)
    while True:
        line = await reader.readuntil(b"\r\n")
        size = re.fullmatch(rb"([0-9A-Fa-f]{1,12})(?:;[\x20-\x7e]*)?\r\n", line)
        if size is None:
            raise MalformedError("chunk")
        await send(size[1] + b"\r\n")
        length = int(size[1], 16)
        if not length:
            return await send(b"\r\n")
        await copy(reader, send, length + 2)


async def copy(reader: asyncio.StreamReader, send: Send, length: int | None = None) -> None:
    """Copy `length` bytes, or everything for None, no faster than the receiver reads."""
    left = length
    while left is None or left > 0:
        wanted = CHUNK if left is None else min(left, CHUNK)
        chunk = await asyncio.wait_for(reader.read(wanted), IDLE_SECONDS)
        if not chunk:
            return
        await send(chunk)
        left = None if left is None else left - len(chunk)


async def first_completed(*transfers: Coroutine[None, None, None]) -> None:
    """Wait until one transfer ends, then cancel the others."""
    tasks = [asyncio.ensure_future(one) for one in transfers]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*tasks)


async def exchange(body: Coroutine[None, None, None], response: Coroutine[None, None, None]) -> None:
    """Send a body while reading the response; end with the response, because an app may respond early.

    Raises MalformedError for a body that cannot be read, so that the app does not wait for its rest.
    """
    sending, receiving = asyncio.ensure_future(body), asyncio.ensure_future(response)
    try:
        await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and isinstance(sending.exception(), MalformedError):
            sending.result()
        await receiving
    finally:
        await _cancel(sending, receiving)


async def _cancel(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def in_thread(query: Callable[[], Result]) -> Result:
    """Run a database query in a thread, so that other connections do not wait."""

    def run() -> Result:
        close_old_connections()
        return query()

    return await asyncio.to_thread(run)


def app_id_of(host: str) -> int | None:
    """Return the id of the app that a host name belongs to, None for no app."""
    name, dot, rest = host.partition(":")[0].partition(".")
    found = HOST.fullmatch(name)
    return int(found[2]) if found and dot and rest == urlsplit(settings.APPS_URL).hostname else None


def scheme() -> str:
    """Return the URL scheme of apps: http or https."""
    return urlsplit(settings.APPS_URL).scheme


def redirect_to_sign_in(head: Head, app: int) -> bytes:
    """Redirect a page request to Assay's sign-in; answer any other request with 401."""
    if head.method != "GET" or head.upgrades:
        return page(HTTPStatus.UNAUTHORIZED, "Sign in first", "Open the app from Assay.")
    location = f"{settings.PUBLIC_URL}/runtimes/apps/{app}/open?next={quote(head.target, safe='/')}"
    return response(HTTPStatus.SEE_OTHER, {"Location": location})


def page(status: HTTPStatus, title: str, text: str, *, reload: int = 0) -> bytes:
    """Return a small page of the proxy itself; `reload` is the number of seconds until it reloads, 0 for never."""
    refresh = f"<meta http-equiv=refresh content={reload}>" if reload else ""
    home = html.escape(settings.PUBLIC_URL, quote=True)
    body = PAGE.format(refresh=refresh, title=html.escape(title), text=html.escape(text), home=home)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return response(status, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}, body)


def response(status: HTTPStatus, headers: dict[str, str], text: str = "") -> bytes:
    """Return a complete response of the proxy itself."""
    body = text.encode()
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Cache-Control: no-store", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def serve(port: int) -> int:
    """Serve until SIGTERM."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve_until_stopped(port))
    return 0


async def _serve_until_stopped(port: int) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(DATABASE_THREADS))
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    await AppProxy().serve(port)
