"""Run by Studio's own Python: start a kernel in a server, run one cell there and print what it prints.

`run_cell.py SERVER_URL TOKEN CODE`
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect


async def send(socket: WebSocketClientConnection, kind: str, content: dict[str, Any]) -> str:
    """Send a message on the shell channel and return its identifier."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "s", "username": ""}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await socket.write_message(json.dumps(message))
    return header["msg_id"]


async def read_until_idle(socket: WebSocketClientConnection, asked: set[str]) -> None:
    """Print the output of what was asked until it is done; "idle" follows all output, unlike the reply."""
    while True:
        message = json.loads(await socket.read_message())
        if message["parent_header"].get("msg_id") not in asked:
            continue
        if message["msg_type"] == "stream":
            sys.stdout.write(message["content"]["text"])
        if message["msg_type"] == "error":
            raise SystemExit("\n".join(message["content"]["traceback"]))
        if message["content"].get("execution_state") == "idle":
            return


async def wait_for_kernel(socket: WebSocketClientConnection) -> None:
    """Ask until an answer is published: what a kernel publishes before somebody listens is lost."""
    asked: set[str] = set()
    answer = asyncio.create_task(read_until_idle(socket, asked))
    while not answer.done():
        asked.add(await send(socket, "kernel_info_request", {}))
        await asyncio.wait([answer], timeout=1)
    answer.result()


async def run(url: str, token: str, code: str) -> None:
    """Print the cell's output, then leave the kernel running."""
    headers = {"Authorization": f"token {token}"}
    made = HTTPRequest(f"{url}api/kernels", method="POST", body="{}", headers=headers, request_timeout=30)
    kernel = json.loads((await AsyncHTTPClient().fetch(made)).body)["id"]
    channels = f"{url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(channels, headers=headers))
    await wait_for_kernel(socket)
    request = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    await read_until_idle(socket, {await send(socket, "execute_request", request)})


asyncio.run(asyncio.wait_for(run(*sys.argv[1:]), 60))
