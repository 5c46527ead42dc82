"""Log lines: one event is one line, as text or as JSON, with the request that caused it."""

from __future__ import annotations

import json
import logging
from io import StringIO

from django.test import Client

from assay.flow.request_id import current_request_id, working_on
from assay.server.logs import AddRequest, JsonFormatter, LineFormatter


def logged(formatter: logging.Formatter, message: str, **more: object) -> str:
    """Return what a handler writes for an event."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(AddRequest())
    logger = logging.getLogger("assay.test")
    logger.propagate, logger.handlers = False, []
    logger.addHandler(handler)
    logger.warning(message, **more)  # type: ignore[arg-type]
    return stream.getvalue()


def test_a_line_cannot_be_forged() -> None:
    """A line feed in a message is escaped."""
    text = logged(LineFormatter(), "one\ntwo\x1b[0m")
    assert text.count("\n") == 1
    assert "one\\ntwo\\x1b[0m" in text


def test_a_json_line_names_request_build_and_run() -> None:
    """Only those that there are; an exception is a part of its line."""
    with working_on("abc"):
        found = json.loads(logged(JsonFormatter(), "one\ntwo", extra={"build": 7}))
    assert (found["message"], found["level"], found["logger"]) == ("one\ntwo", "WARNING", "assay.test")
    assert (found["request"], found["build"]) == ("abc", "7")
    assert found["at"].endswith("+00:00")
    try:
        raise ValueError("bad")  # noqa: TRY301 - to have a traceback
    except ValueError:
        text = logged(JsonFormatter(), "failed", exc_info=True)
    assert text.count("\n") == 1
    found = json.loads(text)
    assert "request" not in found
    assert found["error"].endswith("ValueError: bad")


def test_a_request_is_named_while_it_is_worked_on() -> None:
    """With the ID that the caller sent and gets back."""
    answer = Client().get("/healthz", headers={"X-Request-Id": "from-the-proxy"})
    assert answer["X-Request-Id"] == "from-the-proxy"
    assert current_request_id() == ""
