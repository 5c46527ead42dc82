"""Where uv lies is found by several threads at once."""

from __future__ import annotations

import subprocess
import sys

ASKED_BY_MANY = """
import sys, threading
from assay.engine import uv
sys.setswitchinterval(1e-6)
start, found = threading.Barrier(8), []
def ask():
    start.wait()
    found.append(uv.binary())
threads = [threading.Thread(target=ask) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(found), len(set(found)))
"""


def test_uv_is_found_by_many_threads_at_once() -> None:
    """In a process that just started, where the first request is asked by eight threads."""
    asked = subprocess.run(
        [sys.executable, "-c", ASKED_BY_MANY], capture_output=True, text=True, timeout=60, check=False
    )
    assert (asked.stdout.split(), asked.stderr) == (["8", "1"], "")
