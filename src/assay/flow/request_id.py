"""The ID of the request that this thread works on, for log lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """Return the ID, '' outside a request."""
    return _current.get()


@contextmanager
def working_on(request_id: str) -> Iterator[None]:
    """Let log lines of this thread name a request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
