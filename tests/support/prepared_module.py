"""A module that is imported before processes are forked; its `main` does what the first argument says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

prepared_in: list[int] = []


def prepare() -> None:
    """Keep the process in which this ran."""
    prepared_in.append(os.getpid())


def main(arguments: list[str]) -> int:
    """Tell of this process, fail, or wait with a child."""
    if arguments[0] == "tell":
        files = sorted(int(one.name) for one in Path("/proc/self/fd").iterdir())[:-1]  # the last one lists them
        told = {
            "arguments": arguments,
            "variables": dict(os.environ),
            "cwd": str(Path.cwd()),
            "forked": prepared_in != [os.getpid()] and len(prepared_in) == 1,
            "leads": os.getpgid(0) == os.getpid(),
            "files": files,
            "term": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
        }
        sys.stdout.write(json.dumps(told))  # unflushed
        return 3
    if arguments[0] == "fail":
        raise ValueError("it failed")
    with subprocess.Popen(["sleep", "600"]) as child, Path("pids").open("w") as file:
        file.write(f"{os.getpid()}\n{child.pid}\n")
        file.flush()
        time.sleep(600)
    return 0
