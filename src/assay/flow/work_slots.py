"""Work slots: how many requests of a process are worked on at a time; one that waits for others gives its slot away.

Threads of one interpreter take turns, and each statement of a database gives its turn away many times: the more
threads work, the longer every one of them takes (docs/decisions/0035).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

SLOTS = 6
_free = threading.BoundedSemaphore(SLOTS)
_thread = threading.local()


@contextmanager
def working() -> Iterator[None]:
    """Hold a slot; wait until one is free."""
    _take()
    try:
        yield
    finally:
        _give()


@contextmanager
def waiting() -> Iterator[None]:
    """Give the slot of this thread away, if it has one, while it waits for a process or for the network."""
    if not getattr(_thread, "works", False):
        yield
        return
    _give()
    try:
        yield
    finally:
        _take()


def _take() -> None:
    _free.acquire()
    _thread.works = True


def _give() -> None:
    _thread.works = False
    _free.release()
