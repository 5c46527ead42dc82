"""Log lines that cannot be forged: one event is one line, with control characters escaped."""

from __future__ import annotations

import logging


class LineFormatter(logging.Formatter):
    """A formatter that writes time, level, logger and message on one line, without control characters."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Escape every character that is not printable."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
