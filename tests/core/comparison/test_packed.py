"""Numbers in packed files."""

from __future__ import annotations

from array import array

from assay.core.comparison.packed import Rows


def test_rows_know_their_number_and_their_ends() -> None:
    """A row may be empty."""
    rows = Rows(memoryview(array("I", [2, 2, 3])), memoryview(array("I", [7, 8, 9])))
    assert [list(rows[place]) for place in range(len(rows))] == [[7, 8], [], [9]]
