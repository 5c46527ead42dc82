"""`first_result.py SERVER_URL TOKEN`, run by Studio's Python: print the seconds from a new kernel to its result."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect


async def measure(url: str, token: str) -> float:
    """Start a kernel, run a cell, and return the seconds until its result; then stop the kernel, untimed."""
    headers = {"Authorization": f"token {token}"}
    client = AsyncHTTPClient()
    began = time.perf_counter()
    made = await client.fetch(HTTPRequest(f"{url}api/kernels", method="POST", body="{}", headers=headers))
    kernel = json.loads(made.body)["id"]
    channels = f"{url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(channels, headers=headers))
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s", "username": ""}
    content = {"code": "1 + 1", "silent": False, "store_history": False, "allow_stdin": False}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await socket.write_message(json.dumps(request))
    while json.loads(await socket.read_message())["msg_type"] != "execute_result":
        pass
    took = time.perf_counter() - began
    await client.fetch(HTTPRequest(f"{url}api/kernels/{kernel}", method="DELETE", headers=headers))
    return took


sys.stdout.write(f"{asyncio.run(asyncio.wait_for(measure(*sys.argv[1:]), 60))}\n")
