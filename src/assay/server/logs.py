"""Log lines that cannot be forged: one event is one line, as text or as JSON, with the request that caused it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from assay.flow.request_id import current_request_id

IDS = ("request", "build", "run")  # in a JSON line, where a record has them


class AddRequest(logging.Filter):
    """Adds the ID of the request that is worked on to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `request`, '' outside a request. Keeps every record."""
        record.request = current_request_id()
        return True


class LineFormatter(logging.Formatter):
    """A formatter that writes time, level, logger and message on one line, without control characters."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Escape every character that is not printable."""
        line = super().formatMessage(record)
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


class JsonFormatter(logging.Formatter):
    """A formatter that writes each event as a JSON object on one line.

    `at` is the time (ISO 8601, UTC); `request`, `build` and `run` are there where an event belongs to one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        found = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        found |= {name: str(value) for name in IDS if (value := getattr(record, name, ""))}
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)
