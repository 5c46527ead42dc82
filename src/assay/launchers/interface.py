"""Where a process runs: start it, ask how it is, read its log, end it. Any launcher keeps these promises.

The process outlives whoever started it; its exit code and log can be read after any restart; ending it
ends every process it made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Start:
    """What to start. `workdir` keeps its log and status; limits are seconds, bytes and processors, None for none.

    `grace` is how long it gets from being asked to end until it is forced. `secrets` are further variables,
    which no file keeps and the log masks.
    """

    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    workdir: str
    seconds: float | None = None
    memory: int | None = None
    processors: int | None = None
    grace: float | None = None
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Handle:
    """A started process, as plain values to keep. `started` tells it from a later one of the same pid."""

    kind: str
    workdir: str
    pid: int
    started: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """How it is. `state`: running, exited or lost; `reason`: '' or timeout, memory, stopped."""

    state: str
    exit_code: int | None = None
    reason: str = ""
    seconds: float | None = None
    peak_memory: int | None = None


class Launcher(Protocol):
    """A place where processes run."""

    def start(self, start: Start) -> Handle:
        """Start a process and return at once."""
        ...

    def find(self, workdir: str) -> Handle | None:
        """Return what was started for a directory, unless nothing was or it is lost."""
        ...

    def status(self, handle: Handle) -> Status:
        """Say how it is."""
        ...

    def ask(self, handle: Handle) -> None:
        """Ask it to end and return at once; it is forced after the grace it was started with."""
        ...

    def stop(self, handle: Handle, *, grace: float = 0.8) -> None:
        """End it and every process it made; ask first, insist after `grace` seconds."""
        ...
