"""Exports are sent as they are read: a thousand rows in memory, however many the file has."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest
from django.test import RequestFactory

from assay.store.reads.keyset import Page
from assay.store.reads.ordering import Order
from assay.web.tables import BATCH, Column, QueryTable

ROWS = 100_000
COLUMNS = (Column[int](name="number", label="Number", value=lambda row: row),)


def exported(form: str, reads: list[int]) -> Iterator[bytes]:
    """Return the file of a long list, which notes the number of each row that a batch begins with."""

    def read(_: Order, limit: int, cursor: str) -> Page[int]:
        start = int(cursor or 0)
        reads.append(start)
        end = min(start + limit, ROWS)
        return Page(rows=range(start, end), next=str(end) if end < ROWS else "")

    request = RequestFactory().get(f"/x?format={form}")
    table = QueryTable(request, COLUMNS, name="numbers", reads=read)
    return iter(table.export().streaming_content)  # type: ignore[arg-type]  # it is not asynchronous


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_is_read_while_it_is_sent(form: str) -> None:
    """The first lines leave before the second batch is read, and nothing is kept."""
    reads: list[int] = []
    lines = exported(form, reads)
    for _ in range(10):
        next(lines)
    assert reads == [0]
    tracemalloc.start()
    rest = sum(1 for _ in lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reads == list(range(0, ROWS, BATCH))
    assert rest >= ROWS - 10
    assert peak < 2_000_000
