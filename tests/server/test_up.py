"""The children of `assay up`: forks with a session, a name and signals of their own, which end with it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import os, signal
from pathlib import Path
from assay.server import up

def look():
    print(os.getsid(0) == os.getpid(), Path("/proc/self/comm").read_text().strip(), os.read(0, 1), flush=True)
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
    return 3

def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("stays", flush=True)
    os.write(writing, b".")
    signal.pause()
    return 0

up.GRACE = 0.2
reading, writing = os.pipe()
signal.signal(signal.SIGTERM, lambda *_: None)
children = up.Children()
children.fork("worker", look)
children._forks["worker"].join()
print(children.ended(), children._forks["worker"].exitcode)
children.fork("apps", stay)
children.start("studio", ["sleep", "60"])
os.read(reading, 1)
children.end()
print([child.exitcode for child in children._forks.values()], children._running["studio"].poll())
"""


def test_children_are_processes_of_their_own() -> None:
    """The end of one is noticed; one that does not end when it is asked to is killed."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == [
        "True assay worker b''",
        "True",
        "worker 3",
        "stays",
        "[3, -9] -15",
    ]
