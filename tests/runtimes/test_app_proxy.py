"""The door of apps between sockets alone: what an app says early is heard, whatever it left unread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from assay.runtimes import app_proxy, app_tickets

ANSWER = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n\r\ntoo large"
HEAD = b"POST / HTTP/1.1\r\nHost: board-1.apps.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen as an app that the door lets everybody through to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(app_tickets, "visitor_name", lambda _cookie, _app: "ana")
        monkeypatch.setattr(app_tickets, "serving_port", lambda _app: listening.getsockname()[1])
        yield listening


def serve(listening: socket.socket, answer: bytes) -> None:
    """Answer a request by its first line and leave, or without an answer wait for all of it."""
    with listening.accept()[0] as line:
        while line.recv(1) != b"\n":
            pass
        line.sendall(answer)
        while not answer and line.recv(1000):
            pass


def post(port: int, body: bytes) -> bytes:
    """Send a body, as far as anybody takes it; return all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        with contextlib.suppress(OSError):
            line.sendall(HEAD + body)
        return b"".join(iter(lambda: line.recv(10_000), b""))


def through_the_door(asked: Callable[[int], bytes]) -> bytes:
    """Open a door; return what a visitor at its port reads."""

    async def told() -> bytes:
        async with await asyncio.start_server(app_proxy.AppProxy()._handle_connection, "127.0.0.1", 0) as serving:
            answer = await asyncio.to_thread(asked, serving.sockets[0].getsockname()[1])
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
            return answer

    with ThreadPoolExecutor(1) as aside:  # a browser of earlier tests keeps a loop in this thread
        return aside.submit(lambda: asyncio.run(told())).result()


def test_an_early_answer_is_heard(app: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app refuses by the first line and closes: sending the body to it fails, and its answer is read."""
    sent = app_proxy.send_body

    async def late(*given: object) -> None:
        time.sleep(0.2)  # noqa: ASYNC251 - nobody else's turn comes before the app has left
        await sent(*given)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(app_proxy, "send_body", late)
    threading.Thread(target=serve, args=(app, ANSWER), daemon=True).start()
    body = b"1000\r\n%b\r\n0\r\n\r\n" % (b"x" * 0x1000)
    assert through_the_door(lambda port: post(port, body)) == ANSWER


def test_a_malformed_body_ends_the_connection(app: socket.socket) -> None:
    """Nobody waits for an app that waits for the rest of a body that cannot be read."""
    threading.Thread(target=serve, args=(app, b""), daemon=True).start()
    assert through_the_door(lambda port: post(port, b"one\r\nx\r\n")).startswith(b"HTTP/1.1 400")
