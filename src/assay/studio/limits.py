"""The room that a local server may take: whole processors by affinity, memory by looking every second.

Processes that are together larger than the limit lose their largest one that is not the server itself, as a
rule a kernel; the server goes on, so that files can be saved. Between two looks more can be taken: this keeps
honest notebooks from taking the machine down, not attackers (docs/guides/studio.md). Standard library only.
"""

from __future__ import annotations

import json
import math
import os
import random
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from assay.launchers.supervisor import resident, tree

TURN = 1.0  # seconds between two looks
SERVERS = (b"jupyterhub.singleuser", b"application.py")


@dataclass
class Room:
    """What a tree may take: `memory` in bytes, 0 for no limit. What it takes is told in the file `told`."""

    memory: int = 0
    processors: float = 0
    told: str = ""
    ended: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def enter(self) -> None:
        """Keep this process, and all that it will start, on so many processors."""
        there = os.sched_getaffinity(0)
        wanted = math.ceil(self.processors)
        if 0 < wanted < len(there):
            os.sched_setaffinity(0, random.sample(sorted(there), wanted))

    def watch(self, root: int) -> None:
        """Begin to look at the tree below a process, in a thread."""
        if self.memory or self.told:
            threading.Thread(target=self._look, args=(root,), daemon=True).start()

    def leave(self) -> None:
        """Stop looking, and telling."""
        self._over.set()
        if self.told:
            Path(self.told).unlink(missing_ok=True)

    def _look(self, root: int) -> None:
        while not self._over.is_set():
            taken = {pid: resident(pid) for pid in tree(root)}
            used = sum(taken.values())
            if self.memory and used > self.memory:
                self._end_largest(taken)
            self._tell(used)
            self._over.wait(TURN)

    def _end_largest(self, taken: dict[int, int]) -> None:
        sizes = [(size, pid) for pid, size in taken.items() if not _is_server(pid)]
        if sizes:
            with suppress(ProcessLookupError):
                os.kill(max(sizes)[1], signal.SIGKILL)
                self.ended += 1

    def _tell(self, used: int) -> None:
        if not self.told or self._over.is_set():
            return
        path = Path(self.told)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = path.with_suffix(".new")
            new.write_text(json.dumps({"used": used, "limit": self.memory, "ended": self.ended}))
            new.replace(path)


def _is_server(pid: int) -> bool:
    """Say whether a process is the server, or the wall around it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"bwrap") or any(word.endswith(SERVERS) for word in words[:4])
