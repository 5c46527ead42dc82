"""The door of all apps: one port, a host name per app, sign-in checked at each request, bytes passed on.

Each request gets a connection of its own to the app, so that nothing that comes after a checked head can pass
for another request. WebSockets, streams and long answers pass as they are.
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
from assay.runtimes.http_head import Head, MalformedError, forwarded, read_head

Answer = TypeVar("Answer")
Send = Callable[[bytes], Awaitable[None]]
log = logging.getLogger("assay.door")
ENTER = "/-/enter"  # where a ticket is shown
HOST = re.compile(r"([a-z][a-z0-9-]*)-([0-9]{1,15})")
HEAD_BYTES = 64 * 1024
HEAD_SECONDS, IDLE_SECONDS = 15, 3600
LINGER_SECONDS = 1
CHUNK = 64 * 1024
THREADS = 8  # questions to the database side by side
MOST = 500  # connections side by side
PAGE = (
    "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "{refresh}<title>{title}</title>"
    "<style>body{{font:16px system-ui;max-width:34em;margin:15vh auto;padding:0 1em;color-scheme:light dark}}</style>"
    "<h1>{title}</h1><p>{words}</p><p><a href='{desk}'>Back to the approval desk</a></p>"
)


class Door:
    """Listens, and lets people through to apps."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(MOST)
        self.cookie = "__Host-assay-app" if settings.SECURE else "assay-app"

    async def serve(self, port: int) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._come, "127.0.0.1", port, limit=HEAD_BYTES)
        async with server:
            await server.serve_forever()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request on one connection; whatever breaks ends only this one."""
        async with self._places:
            try:
                await self._answer(reader, writer)
            except MalformedError as error:
                writer.write(page(HTTPStatus.BAD_REQUEST, "This cannot be read", f"The {error} is malformed."))
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                pass  # somebody left
            except Exception:
                log.exception("A request to an app failed")
            finally:
                await leave(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = read_head(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS))
        app = app_of(head.host)
        if app is None:
            writer.write(page(HTTPStatus.NOT_FOUND, "There is no such app", "Check the address."))
        elif head.target.partition("?")[0] == ENTER:
            writer.write(await aside(lambda: self._enter(head, app)))
        elif not head.own:
            writer.write(page(HTTPStatus.FORBIDDEN, "This came from another page", "Open the app itself."))
        else:
            await self._let_through(head, app, reader, writer)
        await writer.drain()

    async def _let_through(
        self, head: Head, app: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            name, port = await aside(
                lambda: (app_tickets.visitor(head.cookie(self.cookie), app), app_tickets.port_of(app))
            )
        except ForbiddenError:
            writer.write(to_the_desk(head, app))
            return
        if port is None:
            writer.write(
                page(HTTPStatus.SERVICE_UNAVAILABLE, "The app is not up yet", "This page looks again.", again=2)
            )
            return
        try:
            app_reader, app_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(page(HTTPStatus.BAD_GATEWAY, "The app does not answer", "This page looks again.", again=2))
            return
        added = {"X-Forwarded-User": name, "X-Forwarded-Host": head.host, "X-Forwarded-Proto": scheme()}
        with contextlib.closing(app_writer), app_writer.get_extra_info("socket").dup() as way_in:
            send = sender(way_in)
            await send(forwarded(head, cookie=self.cookie, added=added))
            await pass_on(head, (reader, writer), (app_reader, send))

    def _enter(self, head: Head, app: int) -> bytes:
        """Take a ticket and keep a cookie for it."""
        given = parse_qs(urlsplit(head.target).query).get("ticket", [""])[0]
        try:
            cookie, target = app_tickets.admit_ticket(given, app)
        except AssayError as error:
            return page(HTTPStatus.FORBIDDEN, error.detail, error.hint)
        secure = "; Secure" if settings.SECURE else ""
        kept = f"{self.cookie}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={app_tickets.COOKIE_SECONDS}{secure}"
        return answer(HTTPStatus.SEE_OTHER, {"Location": quote(target, safe="/?&=%#:+,;@~"), "Set-Cookie": kept})


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close a connection once the other side has it all: closed with bytes unread, it would lose the answer."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_SECONDS):
            while await reader.read(CHUNK):
                pass
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()


def sender(way_in: socket.socket) -> Send:
    """Return how to send to an app by a handle apart from the one that is read.

    An app may answer early and close with the body unread. Sending fails then, and asyncio would drop the
    answer with it if both went by one transport; by its own handle, what the app said is read all the same.
    """
    loop = asyncio.get_running_loop()
    return partial(loop.sock_sendall, way_in)


async def pass_on(
    head: Head,
    visitor: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    app: tuple[asyncio.StreamReader, Send],
) -> None:
    """Pass exactly one request to the app and its answer back; a WebSocket passes both ways until one ends."""

    async def back(data: bytes) -> None:
        visitor[1].write(data)
        await visitor[1].drain()

    if head.upgrades:
        first = await asyncio.wait_for(app[0].readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        await back(first)
        if first.split(b" ", 2)[1] == b"101":
            await either(copy(visitor[0], app[1]), copy(app[0], back))
            return
        await copy(app[0], back)
        return
    await answered(send_body(head, visitor[0], app[1]), copy(app[0], back))


async def send_body(head: Head, reader: asyncio.StreamReader, send: Send) -> None:
    """Send a request's body and not a byte more. Raises MalformedError."""
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
    """Copy so many bytes, or all there are, no faster than they are taken."""
    left = length
    while left is None or left > 0:
        wanted = CHUNK if left is None else min(left, CHUNK)
        chunk = await asyncio.wait_for(reader.read(wanted), IDLE_SECONDS)
        if not chunk:
            return
        await send(chunk)
        left = None if left is None else left - len(chunk)


async def either(*ways: Coroutine[None, None, None]) -> None:
    """Go on until one way ends, then end the other."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(*tasks)


async def answered(body: Coroutine[None, None, None], answer: Coroutine[None, None, None]) -> None:
    """Send a body while its answer comes; the end of the answer is the end, since an app may answer early.

    Raises MalformedError for a body that cannot be read, which no app should wait for.
    """
    sending, answering = asyncio.ensure_future(body), asyncio.ensure_future(answer)
    try:
        await asyncio.wait([sending, answering], return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and isinstance(sending.exception(), MalformedError):
            sending.result()
        await answering
    finally:
        await _cancel(sending, answering)


async def _cancel(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def aside(ask: Callable[[], Answer]) -> Answer:
    """Ask the database in a thread, so that nobody else waits."""

    def asked() -> Answer:
        close_old_connections()
        return ask()

    return await asyncio.to_thread(asked)


def app_of(host: str) -> int | None:
    """Return which app a host name stands for, None for none."""
    name, dot, rest = host.partition(":")[0].partition(".")
    found = HOST.fullmatch(name)
    return int(found[2]) if found and dot and rest == urlsplit(settings.APPS_URL).hostname else None


def scheme() -> str:
    """Return how browsers reach apps: http or https."""
    return urlsplit(settings.APPS_URL).scheme


def to_the_desk(head: Head, app: int) -> bytes:
    """Send a browser to sign in; say to anything else that it must."""
    if head.method != "GET" or head.upgrades:
        return page(HTTPStatus.UNAUTHORIZED, "Sign in first", "Open the app from the desk.")
    where = f"{settings.PUBLIC_URL}/runtimes/apps/{app}/open?next={quote(head.target, safe='/')}"
    return answer(HTTPStatus.SEE_OTHER, {"Location": where})


def page(status: HTTPStatus, title: str, words: str, *, again: int = 0) -> bytes:
    """Return a small page of the door's own; `again` lets it look again after so many seconds."""
    refresh = f"<meta http-equiv=refresh content={again}>" if again else ""
    desk = html.escape(settings.PUBLIC_URL, quote=True)
    text = PAGE.format(refresh=refresh, title=html.escape(title), words=html.escape(words), desk=desk)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return answer(status, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}, text)


def answer(status: HTTPStatus, headers: dict[str, str], text: str = "") -> bytes:
    """Return a whole answer of the door's own."""
    body = text.encode()
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    lines += [f"Content-Length: {len(body)}", "Cache-Control: no-store", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def serve(port: int) -> int:
    """Serve until told to stop."""
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_until_told(port))
    return 0


async def _until_told(port: int) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    await Door().serve(port)
