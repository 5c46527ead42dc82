"""Export of rows as a streamed CSV or JSON file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from django.http import StreamingHttpResponse

Value = str | int | float | date | tuple[str, ...] | None
FORMATS = ("csv", "json")
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that starts with one of these


def export(
    form: str, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Value]]
) -> StreamingHttpResponse:
    """Return rows as a file to download."""
    lines = csv_lines(columns, rows) if form == "csv" else json_lines(rows)
    answer = StreamingHttpResponse(lines, content_type=TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


class _Line:
    """A file-like object for csv.writer: `write` returns its text."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> Iterator[str]:
    """Yield the header line, then one line for each row."""
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(row[name]) for name in columns])


def cell(value: Value) -> str | int | float:
    """Return a value as a cell; a text that a spreadsheet would run as a formula gets a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else _plain(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _plain(value: date | tuple[str, ...]) -> str:
    return value.isoformat() if isinstance(value, date) else ", ".join(value)


def json_lines(rows: Iterable[Mapping[str, Value]]) -> Iterator[str]:
    """Yield a JSON array with one row on each line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, default=_iso, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _iso(value: date) -> str:
    return value.isoformat()
