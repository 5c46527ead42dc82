"""Resource limits of a local server: whole processors by affinity, memory by a check each second.

When the processes together exceed the memory limit, the largest one except the server is killed, usually a
kernel; the server keeps running, so that files can be saved. Between two checks a process can use more: this
protects the machine from mistakes, not from attackers (docs/guides/studio.md). Standard library only.
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

CHECK_SECONDS = 1.0
SERVERS = (b"jupyterhub.singleuser", b"application.py", b"prepared_server.py")


@dataclass
class ResourceLimits:
    """The limits of a process tree: `memory` in bytes, 0 for none. Its use is written to `status_file`."""

    memory: int = 0
    processors: float = 0
    status_file: str = ""
    ended: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)

    def set_affinity(self, running: tuple[int, ...] = ()) -> None:
        """Limit this process, all its future children and those `running` (pids) to so many processors."""
        available = os.sched_getaffinity(0)
        wanted = math.ceil(self.processors)
        if 0 < wanted < len(available):
            chosen = random.sample(sorted(available), wanted)
            for pid in (0, *running):
                os.sched_setaffinity(pid, chosen)

    def watch(self, root: int) -> None:
        """Start checking the tree below a process, in a thread."""
        if self.memory or self.status_file:
            threading.Thread(target=self._check, args=(root,), daemon=True).start()

    def stop(self) -> None:
        """Stop checking, and remove the status file."""
        self._stopped.set()
        if self.status_file:
            Path(self.status_file).unlink(missing_ok=True)

    def _check(self, root: int) -> None:
        while not self._stopped.is_set():
            sizes = {pid: resident(pid) for pid in tree(root)}
            used = sum(sizes.values())
            if self.memory and used > self.memory:
                self._kill_largest(sizes)
            self._write_status(used)
            self._stopped.wait(CHECK_SECONDS)

    def _kill_largest(self, sizes: dict[int, int]) -> None:
        candidates = [(size, pid) for pid, size in sizes.items() if not _is_server(pid)]
        if candidates:
            with suppress(ProcessLookupError):
                os.kill(max(candidates)[1], signal.SIGKILL)
                self.ended += 1

    def _write_status(self, used: int) -> None:
        if not self.status_file or self._stopped.is_set():
            return
        path = Path(self.status_file)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = path.with_suffix(".new")
            new.write_text(json.dumps({"used": used, "limit": self.memory, "ended": self.ended}))
            new.replace(path)


def _is_server(pid: int) -> bool:
    """Return whether a process is the server, or the sandbox around it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"bwrap") or any(word.endswith(SERVERS) for word in words[:4])
