"""A launcher that starts nothing: a test says how its processes are."""

from __future__ import annotations

from typing import ClassVar

from assay.launchers.interface import Handle, Start, Status

RUNNING = Status(state="running")


class StandInLauncher:
    """A launcher that starts nothing and answers what a test sets."""

    started: ClassVar[list[Start]] = []
    stopped: ClassVar[list[Handle]] = []
    known: ClassVar[dict[str, Handle]] = {}
    answer: ClassVar[Status] = RUNNING

    def start(self, start: Start) -> Handle:
        """Keep what was to be started."""
        self.started.append(start)
        handle = Handle(kind="local", workdir=start.workdir, pid=1, started="now")
        self.known[start.workdir] = handle
        return handle

    def find(self, workdir: str) -> Handle | None:
        """Return what was started for a directory."""
        return self.known.get(workdir)

    def status(self, handle: Handle) -> Status:
        """Return the answer."""
        del handle
        return self.answer

    def stop(self, handle: Handle) -> None:
        """Keep what was to be ended."""
        self.stopped.append(handle)
