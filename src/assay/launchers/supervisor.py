"""The parent of one started process: keeps its log, limits and exit code, and ends its whole tree.

Runs alone (`python -I -S supervisor.py WORKDIR`) and imports little, so that it starts in milliseconds.
It is a subreaper: children that detach (setsid, double fork) come back to it and end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
TICK = 0.1  # seconds between two looks at limits
LOG_LIMIT = 200 * 1024 * 1024  # bytes kept of a log; what comes after is counted and dropped
GRACE = 10.0  # seconds from the first request to end until we insist, should nobody insist earlier
PAGE = os.sysconf("SC_PAGE_SIZE")


class Supervisor:
    """One process tree, its clock and its log."""

    def __init__(self, workdir: str, secrets: dict[str, str] | None = None) -> None:
        self.workdir = workdir
        self.secrets = secrets or {}
        self.mask = Mask([value.encode() for value in self.secrets.values()])
        with open(os.path.join(workdir, "start.json"), encoding="utf-8") as file:  # noqa: PTH123, PTH118 - pathlib costs 10 ms of start
            self.start: dict[str, Any] = json.load(file)
        self.began = time.monotonic()
        self.reason = ""
        self.peak = 0
        self.exit_code: int | None = None
        self.written = 0
        self.kill_at: float | None = None
        self.looked_at = 0.0
        self.asked = 0  # how often we were asked to end
        self.obeyed = 0  # how many of these we have acted on
        self.waking = -1

    def run(self) -> int:
        """Start, follow, end, and leave the status."""
        become_subreaper()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until there is something to end
        signal.signal(signal.SIGTERM, self._asked)
        self.waking = wake_at_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._write("handle.json", {"pid": os.getpid(), "started": start_time(os.getpid())})
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._become(reading, writing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(writing)
        log = os.open(os.path.join(self.workdir, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)  # noqa: PTH118 - as above
        while self._goes_on(child):
            self._copy(reading, log, TICK)
            self._obey()
            self._watch()
        end_tree(os.getpid())
        while self._copy(reading, log, 0):
            pass
        self._keep(log, self.mask.rest())
        self._leave()
        return 0

    def _become(self, reading: int, writing: int) -> None:
        """Turn this fork into the process that was asked for."""
        code = 127
        try:
            die_with_parent()
            os.close(reading)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            os.setsid()
            os.chdir(self.start["cwd"])
            self._check_secrets()
            confine(self.start.get("processors"))
            variables = {**self.start["env"], **self.secrets}
            os.execvpe(self.start["argv"][0], self.start["argv"], variables)  # noqa: S606 - no shell is the point
        except OSError as error:
            os.write(2, f"{self.start['argv'][0]} cannot be started: {error}\n".encode())
        os._exit(code)

    def _check_secrets(self) -> None:
        """Raise OSError where our starter was killed before it had handed over the secrets."""
        if sorted(self.secrets) != self.start.get("secrets", []):
            raise OSError("its secrets did not arrive")

    def _asked(self, signum: int, frame: FrameType | None) -> None:
        """Take note only: this comes between any two instructions, even in the middle of an import."""
        del signum, frame
        self.asked += 1

    def _obey(self) -> None:
        """End the tree when asked for the first time; insist when asked again."""
        while self.obeyed < self.asked:
            self.obeyed += 1
            if self.kill_at is None:
                self._end("stopped", self.start.get("grace") or GRACE)
            else:
                self.kill_at = 0.0
                kill_tree(os.getpid())

    def _end(self, reason: str, grace: float) -> None:
        if self.kill_at is None:
            self.reason = self.reason or reason
            self.kill_at = time.monotonic() + grace
            for pid in tree(os.getpid()):
                if not is_wall(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)

    def _goes_on(self, child: int) -> bool:
        """Reap whatever ended; answer whether the main process lives."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == child:
                self.exit_code = os.waitstatus_to_exitcode(status)
                return False

    def _copy(self, reading: int, log: int, wait: float) -> bool:
        """Move output to the log; answer whether there was any."""
        ready, _, _ = select.select([reading, self.waking], [], [], wait)
        if self.waking in ready:
            os.read(self.waking, 64)
        if reading not in ready:
            return False
        chunk = os.read(reading, 1 << 16)
        if not chunk:
            time.sleep(min(wait, 0.005))  # all ends are closed; only the exit is awaited
            return False
        self._keep(log, self.mask.feed(chunk))
        return True

    def _keep(self, log: int, text: bytes) -> None:
        """Write to the log up to its limit, and say once that it is full."""
        kept = text[: max(0, LOG_LIMIT - self.written)]
        if kept:
            os.write(log, kept)
        if self.written < LOG_LIMIT <= self.written + len(text):
            os.write(log, b"\n[the log is full: what follows is not kept]\n")
        self.written += len(text)

    def _watch(self) -> None:
        """Look at the clock and at memory, now and then; insist when grace is over."""
        now = time.monotonic()
        if now - self.looked_at < TICK / 2:
            return
        self.looked_at = now
        if self.kill_at is not None and now >= self.kill_at:
            kill_tree(os.getpid())
        self.peak = max(self.peak, sum(map(resident, tree(os.getpid()))))
        seconds, memory = self.start.get("seconds"), self.start.get("memory")
        if seconds is not None and now - self.began > seconds:
            self._end("timeout", 1.0)
        if memory is not None and self.peak > memory:
            self._end("memory", 0.0)

    def _leave(self) -> None:
        # The kernel's own figure for one process catches what came and went between two looks.
        self.peak = max(self.peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
        self._write(
            "status.json",
            {
                "exit_code": self.exit_code,
                "reason": self.reason,
                "seconds": time.monotonic() - self.began,
                "peak_memory": self.peak,
            },
        )

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = os.path.join(self.workdir, name)  # noqa: PTH118 - as above
        with open(path + ".new", "w", encoding="utf-8") as file:  # noqa: PTH123 - as above
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(path + ".new", path)  # noqa: PTH105 - as above


class Mask:
    """Replaces secrets in a stream by asterisks, also where one is cut in two by the stream."""

    def __init__(self, secrets: list[bytes]) -> None:
        self.secrets = sorted(secrets, key=len, reverse=True)
        self.held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is safe to keep by now; the beginning of a possible secret is held back."""
        text = self.held + chunk
        for secret in self.secrets:
            text = text.replace(secret, b"***")
        held = max((overlap(text, secret) for secret in self.secrets), default=0)
        self.held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> bytes:
        """Return what was held back and turned out to be no secret."""
        return self.held


def overlap(text: bytes, secret: bytes) -> int:
    """Return how many of the last bytes could be the beginning of the secret."""
    place = text.find(secret[:1], max(0, len(text) - len(secret) + 1))
    while place >= 0 and not secret.startswith(text[place:]):
        place = text.find(secret[:1], place + 1)
    return len(text) - place if place >= 0 else 0


def confine(processors: int | None) -> None:
    """Let this process and its children use only so many processors, chosen by its pid."""
    if processors:
        mine = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {mine[(os.getpid() + step) % len(mine)] for step in range(processors)})


def is_wall(pid: int) -> bool:
    """Say whether a process is a wall (bubblewrap), which would not pass on a request to end."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.read().strip() == "bwrap"
    except OSError:
        return False


def wake_at_signals() -> int:
    """Return a descriptor that can be read when a signal has come, for `select` to look at."""
    waking, ringing = os.pipe()
    os.set_blocking(waking, False)
    os.set_blocking(ringing, False)
    signal.set_wakeup_fd(ringing)
    return waking


def become_subreaper() -> None:
    """Let every descendant that loses its parent become a child of this process."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def start_time(pid: int) -> str:
    """Return the kernel's start time of a process (field 22 of proc(5) stat), '' when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def tree(root: int) -> list[int]:
    """Return all descendants of a process, children before grandchildren."""
    found: list[int] = []
    ring = [root]
    while ring:
        following: list[int] = []
        for pid in ring:
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123 - as above
                    following += map(int, file.read().split())
            except OSError:
                continue
        found += following
        ring = following
    return found


def resident(pid: int) -> int:
    """Return the memory (bytes) that a process holds in RAM."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - as above
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def kill_tree(root: int) -> bool:
    """Kill every descendant there is now; answer whether there was any."""
    left = tree(root)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(left)


def end_tree(root: int) -> None:
    """Kill and reap until no descendant is left; new ones made meanwhile are found in the next turn."""
    while True:
        left = kill_tree(root)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if not left:
            return
        time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(Supervisor(sys.argv[1], json.loads(sys.stdin.read() or "{}")).run())
