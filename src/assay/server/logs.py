"""Log lines that nobody can forge: one event is one line, control characters escaped."""

from __future__ import annotations

import logging


class LineFormatter(logging.Formatter):
    """Time, level, logger, message on one line; what would break the line or a terminal is escaped."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Escape every character that is not printable."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
