"""The parent of one started process: writes its log and exit code, enforces its limits, and ends its whole tree.

Runs as a script (`python -I -S supervisor.py`) that imports little and forks one supervisor for each request on its
standard input, so that each starts in a millisecond; supervisors outlive it and whoever started it.
A supervisor is a subreaper: children that detach (setsid, double fork) become its children and end with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Main = Callable[[list[str], dict[str, str]], int]

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
POLL_SECONDS = 0.1  # between two checks of the limits
EXIT_SECONDS = 0.02  # between two looks at a process that has closed its output
LOG_LIMIT = 200 * 1024 * 1024  # bytes; further output is counted and dropped
GRACE = 10.0  # seconds between SIGTERM and SIGKILL, unless the start says otherwise
PAGE = os.sysconf("SC_PAGE_SIZE")
LIBC = ctypes.CDLL(None)


class Supervisor:
    """One process tree, its limits and its log."""

    def __init__(self, workdir: str, secrets: dict[str, str] | None = None, main: Main | None = None) -> None:
        self.workdir, self.main = workdir, main
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
        self.checked_at = 0.0
        self.requested = 0  # SIGTERMs received
        self.handled = 0  # SIGTERMs acted on
        self.wakeup = -1

    def run(self) -> int:
        """Start the process, follow it, end its tree and write the status."""
        become_subreaper()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # until there is a process to end
        signal.signal(signal.SIGTERM, self._on_sigterm)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only wakes `select`
        self.wakeup = wake_at_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._write("handle.json", {"pid": os.getpid(), "started": start_time(os.getpid())})
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._execute(reading, writing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.close(writing)
        log = os.open(os.path.join(self.workdir, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)  # noqa: PTH118 - as above
        while self._is_running(child):
            self._copy(reading, log, POLL_SECONDS)
            self._handle_sigterm()
            self._check_limits()
        end_tree(os.getpid())
        while self._copy(reading, log, 0):
            pass
        self._write_log(log, self.mask.flush())
        self._write_status()
        return 0

    def _wake(self) -> None:
        """Tell who waits at the named pipe of the start, if anybody does, that the status is written."""
        if self.start.get("wakes"):
            with contextlib.suppress(OSError):
                os.write(os.open(self.start["wakes"], os.O_WRONLY | os.O_NONBLOCK), b".")

    def _execute(self, reading: int, writing: int) -> None:
        """Replace this fork with the requested program, or call `main` in it."""
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
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            os.setsid()
            os.chdir(self.start["cwd"])
            self._check_secrets()
            limit_processors(self.start.get("processors"))
            variables = {**self.start["env"], **self.secrets}
            if self.main is not None:
                os._exit(self.main(self.start["argv"], variables))
            os.execvpe(self.start["argv"][0], self.start["argv"], variables)  # noqa: S606 - no shell is the point
        except OSError as error:
            os.write(2, f"{self.start['argv'][0]} cannot be started: {error}\n".encode())
        os._exit(code)

    def _check_secrets(self) -> None:
        """Raise OSError when the starter was killed before it sent all secrets."""
        if sorted(self.secrets) != self.start.get("secrets", []):
            raise OSError("its secrets did not arrive")

    def _on_sigterm(self, signum: int, frame: FrameType | None) -> None:
        """Only count: a signal handler may run between any two instructions, even during an import."""
        del signum, frame
        self.requested += 1

    def _handle_sigterm(self) -> None:
        """Terminate the tree at the first SIGTERM; kill it at the second."""
        while self.handled < self.requested:
            self.handled += 1
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
                if not is_bubblewrap(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)

    def _is_running(self, child: int) -> bool:
        """Reap ended children; return whether the main process is running."""
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
        """Copy output to the log; return whether there was any."""
        ready, _, _ = select.select([reading, self.wakeup], [], [], wait)
        if self.wakeup in ready:
            os.read(self.wakeup, 64)
        if reading not in ready:
            return False
        chunk = os.read(reading, 1 << 16)
        if not chunk:  # every writer has closed the pipe; only the exit is missing, which is a signal
            select.select([self.wakeup], [], [], min(wait, EXIT_SECONDS))
            return False
        self._write_log(log, self.mask.feed(chunk))
        return True

    def _write_log(self, log: int, text: bytes) -> None:
        """Write to the log up to its limit, and note once that the limit is reached."""
        written = text[: max(0, LOG_LIMIT - self.written)]
        if written:
            os.write(log, written)
        if self.written < LOG_LIMIT <= self.written + len(text):
            os.write(log, b"\n[the log is full: further output is not stored]\n")
        self.written += len(text)

    def _check_limits(self) -> None:
        """Check time and memory every so often; send SIGKILL when the grace period is over."""
        now = time.monotonic()
        if now - self.checked_at < POLL_SECONDS / 2:
            return
        self.checked_at = now
        if self.kill_at is not None and now >= self.kill_at:
            kill_tree(os.getpid())
        self.peak = max(self.peak, sum(map(resident, tree(os.getpid()))))
        seconds, memory = self.start.get("seconds"), self.start.get("memory")
        if seconds is not None and now - self.began > seconds:
            self._end("timeout", 1.0)
        if memory is not None and self.peak > memory:
            self._end("memory", 0.0)

    def _write_status(self) -> None:
        # The kernel's figure for the largest single process includes peaks between two checks.
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
            file.write(json.dumps(content))  # `json.dump` would encode it in Python
            file.flush()
            os.replace(path + ".new", path)  # noqa: PTH105 - as above
            if "exit_code" in content:
                self._wake()
                os.fsync(file.fileno())  # nobody waits for the disk


class Mask:
    """Replaces secrets in a stream by asterisks, also where a secret spans two chunks."""

    def __init__(self, secrets: list[bytes]) -> None:
        self.secrets = sorted(secrets, key=len, reverse=True)
        self.held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is safe to write; hold back the beginning of a possible secret."""
        text = self.held + chunk
        for secret in self.secrets:
            text = text.replace(secret, b"***")
        held = max((overlap(text, secret) for secret in self.secrets), default=0)
        self.held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> bytes:
        """Return what was held back; it is not a secret."""
        return self.held


def overlap(text: bytes, secret: bytes) -> int:
    """Return how many of the last bytes could be the beginning of the secret."""
    place = text.find(secret[:1], max(0, len(text) - len(secret) + 1))
    while place >= 0 and not secret.startswith(text[place:]):
        place = text.find(secret[:1], place + 1)
    return len(text) - place if place >= 0 else 0


def limit_processors(processors: int | None) -> None:
    """Limit this process and its children to so many processors, chosen by its pid."""
    if processors:
        available = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {available[(os.getpid() + step) % len(available)] for step in range(processors)})


def is_bubblewrap(pid: int) -> bool:
    """Return whether a process is bubblewrap, which would end without passing SIGTERM on."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as above
            return file.read().strip() == "bwrap"
    except OSError:
        return False


def wake_at_signals() -> int:
    """Return a file descriptor that becomes readable when a signal arrives, for `select`."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    return reading


def become_subreaper() -> None:
    """Make every orphaned descendant a child of this process."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Make the kernel send this process a signal when its parent dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


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
    level = [root]
    while level:
        following: list[int] = []
        for pid in level:
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123 - as above
                    following += map(int, file.read().split())
            except OSError:
                continue
        found += following
        level = following
    return found


def resident(pid: int) -> int:
    """Return the memory (bytes) that a process holds in RAM."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - as above
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def kill_tree(root: int) -> bool:
    """Kill every current descendant; return whether there was any."""
    descendants = tree(root)
    for pid in descendants:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(descendants)


def end_tree(root: int) -> None:
    """Kill and reap until no descendant is left; the next round finds descendants started in between."""
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


def serve(channel: socket.socket, main: Main | None = None, unused: float | None = None) -> None:
    """Fork a supervisor for each request and answer with its pid, until the other end closes.

    A request is one line of JSON: `workdir`, and `secrets`, which no file may contain. Instead of a program, its
    supervisor calls `main` with the arguments and variables. The end also comes after `unused` seconds without a
    request; one that arrives then is either answered or not accepted.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # stays pending until a supervisor can handle it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps supervisors
    with channel.makefile("rwb") as requests:
        while True:
            if not select.select([channel], [], [], unused)[0]:
                channel.shutdown(socket.SHUT_RD)
            line = requests.readline()
            if not line:
                return
            pid = os.fork()
            if pid == 0:
                _begin(json.loads(line), channel, main)
            requests.write(b"%d\n" % pid)
            requests.flush()


def _begin(request: dict[str, Any], channel: socket.socket, main: Main | None) -> None:
    """Become a supervisor in a session of its own; never returns."""
    code = 1
    try:
        os.setsid()
        os.close(channel.detach())
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = Supervisor(request["workdir"], request["secrets"], main).run()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=os.dup(0)))
