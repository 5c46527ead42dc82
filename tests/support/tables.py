"""Tables of pages for tests: what their rows start with, and what their files hold."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from typing import Any

from django.http import HttpResponse


def first_cells(page: HttpResponse) -> list[str]:
    """Return the first word of each row of a page, from top to bottom."""
    rows = re.findall(r"<tr[^>]*data-row[^>]*>\s*<t[dh][^>]*>(.*?)</t[dh]>", page.content.decode(), re.DOTALL)
    return [re.sub(r"<[^>]*>", " ", row).split()[0] for row in rows]


def exported(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - the test client's response, which streams
    """Return the rows of a CSV or JSON file that a page was exported to."""
    text = b"".join(answer.streaming_content).decode()
    if answer["Content-Type"] == "application/json":
        found: list[dict[str, Any]] = json.loads(text)
        return found
    return list(csv.DictReader(StringIO(text)))
