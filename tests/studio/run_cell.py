"""Run by Studio's own Python: start a kernel in a server, run one cell there and print what it prints.

`run_cell.py SERVER_URL TOKEN CODE`
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect


async def run(url: str, token: str, code: str) -> None:
    """Print the cell's output, then leave the kernel running."""
    headers = {"Authorization": f"token {token}"}
    made = HTTPRequest(f"{url}api/kernels", method="POST", body="{}", headers=headers, request_timeout=30)
    kernel = json.loads((await AsyncHTTPClient().fetch(made)).body)["id"]
    channels = f"{url.replace('http', 'ws', 1)}api/kernels/{kernel}/channels"
    socket = await websocket_connect(HTTPRequest(channels, headers=headers))
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": "s", "username": ""}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await socket.write_message(json.dumps(request))
    while True:
        message = json.loads(await socket.read_message())
        if message["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if message["msg_type"] == "stream":
            sys.stdout.write(message["content"]["text"])
        if message["msg_type"] == "error":
            raise SystemExit("\n".join(message["content"]["traceback"]))
        if message["content"].get("execution_state") == "idle":  # follows all output, unlike the reply
            return


asyncio.run(asyncio.wait_for(run(*sys.argv[1:]), 30))
