"""The protocol of a launcher: start a process, read its status and log, stop it.

The process keeps running when its starter ends; its exit code and log can be read after any restart; stopping it
stops every process it started.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Start:
    """A process to start. `workdir` holds its log and status; limits (None for none) are seconds, bytes, processors.

    `grace` is the time in seconds between SIGTERM and SIGKILL. `secrets` are further environment variables, which
    no file contains and the log masks. `wakes` is a named pipe that gets a byte when the process has ended.
    With a `module` of ours, the process is a fork of one that has imported it, and its `main` gets `argv`.
    """

    module: str = ""
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    workdir: str
    seconds: float | None = None
    memory: int | None = None
    processors: int | None = None
    grace: float | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    wakes: str = ""


@dataclass(frozen=True, kw_only=True)
class Handle:
    """A started process, as plain values to store. `started` distinguishes it from a later one with the same pid."""

    kind: str
    workdir: str
    pid: int
    started: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """The status of a process. `state`: running, exited or lost; `reason`: '' or timeout, memory, stopped."""

    state: str
    exit_code: int | None = None
    reason: str = ""
    seconds: float | None = None
    peak_memory: int | None = None


class Launcher(Protocol):
    """The protocol of a launcher."""

    def start(self, start: Start) -> Handle:
        """Start a process and return at once."""
        ...

    def find(self, workdir: str) -> Handle | None:
        """Return the process of a directory, None when there is none or it is lost."""
        ...

    def status(self, handle: Handle) -> Status:
        """Return the status."""
        ...

    def terminate(self, handle: Handle) -> None:
        """Send SIGTERM and return at once; SIGKILL follows after the grace period of its start."""
        ...

    def stop(self, handle: Handle, *, grace: float = 0.8) -> None:
        """Stop it and every process it started: SIGTERM, then SIGKILL after `grace` seconds."""
        ...
