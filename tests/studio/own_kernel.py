"""Run by the Python of somebody's Jupyter: `own_kernel.py NAME CODE` starts a kernel as Jupyter does, runs CODE.

Says when it has listed the kernels, and waits for a line. Then prints a JSON line: the names of all
kernels, and what CODE printed, or why the kernel did not start.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from queue import Empty

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.manager import KernelManager
from jupyter_core.paths import jupyter_config_path
from tornado.web import HTTPError
from traitlets.utils.importstring import import_item

places = (Path(one) / "jupyter_server_config.d" / "assay_kernels.json" for one in jupyter_config_path())
setting = json.loads(next(one for one in places if one.exists()).read_text())
specs = import_item(setting["ServerApp"]["kernel_spec_manager_class"])()
name, code = sys.argv[1:]
told = {"names": sorted(specs.get_all_specs()), "said": "", "refused": ""}
sys.stdout.write("listed\n")
sys.stdout.flush()
sys.stdin.readline()
manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
try:
    manager.start_kernel()
except (HTTPError, NoSuchKernel) as error:
    told["refused"] = str(error)
else:
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=30)

    def hear(message: dict) -> None:
        """Keep what is printed."""
        content = message["content"]
        told["said"] += content.get("text", "") + "\n".join(content.get("traceback", []))

    try:
        client.execute_interactive(code, output_hook=hear, timeout=30)
    except Empty:
        told["said"] = "nothing"
    client.stop_channels()
    manager.shutdown_kernel()
sys.stdout.write(json.dumps(told))
