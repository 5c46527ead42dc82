"""Runs inside a finished environment: starts its kernel, runs a cell, prints one JSON line.

`python kernel_probe.py OVERLAY BOOT_SCRIPT`. Sockets are files (ipc), since the sandbox has no network.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import time


def main() -> None:
    """Start the kernel, run a cell, stop it."""
    overlay, boot = sys.argv[1:3]
    if overlay != "-":
        sys.path.append(overlay)
    from jupyter_client.kernelspec import KernelSpec  # noqa: PLC0415 - only importable once the path is in order
    from jupyter_client.manager import KernelManager  # noqa: PLC0415 - as above

    began = time.perf_counter()
    manager = KernelManager(transport="ipc", ip="/tmp/kernel")  # noqa: S108 - private to the sandbox
    manager._kernel_spec = KernelSpec(  # noqa: SLF001 - there is no other way to pass the spec of a kernel that is not installed
        argv=[sys.executable, boot, overlay, "-f", "{connection_file}"],
        display_name="check",
        language="python",
    )
    manager.start_kernel(cwd="/tmp", env={**os.environ, "ASSAY_RECORD": "1"})  # noqa: S108 - as above
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive("import sys; sys.prefix", timeout=30, output_hook=str, store_history=False)
        state = reply["content"]["status"]
        request = client.execute("", user_expressions={"edges": "__import__('import_recorder').plain()"}, silent=True)
        message = client.get_shell_msg(timeout=30)
        while message["parent_header"].get("msg_id") != request:
            message = client.get_shell_msg(timeout=30)
        edges = ast.literal_eval(message["content"]["user_expressions"]["edges"]["data"]["text/plain"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    seconds = round(time.perf_counter() - began, 3)
    sys.stdout.write(json.dumps({"state": state, "seconds": seconds, "edges": edges}) + "\n")


if __name__ == "__main__":
    main()
