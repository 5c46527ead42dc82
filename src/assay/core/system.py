"""Whether an installation can serve: the limits at which it cannot, or needs attention soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

WORKER_SILENT = timedelta(seconds=60)  # three missed signs of life
DISK_LEAST = 1 << 30  # bytes free, below which a build is likely to fail
DISK_LOW = 0.1  # of the disk
FEED_OLD = timedelta(days=3)


class State(StrEnum):
    """`warn` needs attention soon, `bad` keeps the installation from serving."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One part of the installation: its state in words, and what to do where it is not ok."""

    name: str
    state: State
    words: str
    hint: str = ""


def workers_state(silent: Sequence[timedelta]) -> State:
    """Return the state of workers that were seen last so long ago: one that works is enough."""
    return State.OK if any(one < WORKER_SILENT for one in silent) else State.BAD


def disk_state(free: int, total: int) -> State:
    """Return the state of a disk with so many bytes."""
    if free < DISK_LEAST:
        return State.BAD
    return State.WARN if free < DISK_LOW * total else State.OK


def feed_state(age: timedelta | None, *, wanted: bool) -> State:
    """Return the state of advisories of that age; None without any. Where none are wanted, none are missed."""
    if age is None:
        return State.WARN if wanted else State.OK
    return State.WARN if age > FEED_OLD else State.OK
