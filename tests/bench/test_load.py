"""The tables of a load say what was measured, and whether it is within the limit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
from load.results import Result, percentile


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    """99 of 100 requests were answered within the 99th time."""
    assert percentile([float(one) for one in range(100, 0, -1)], share) == expected


def _result(taken: dict[str, list[float]], **errors: list[str]) -> Result:
    return Result(title="SQLite, alone", limit=300, taken=taken, errors=errors)


def test_every_kind_of_request_must_meet_the_limit() -> None:
    """Many fast requests do not make up for a slow kind, nor for an error."""
    fast, slow = [10.0] * 1000, [10.0, 400.0]
    assert _result({"list": fast}).holds
    assert not _result({"list": fast, "review": slow}).holds
    assert not _result({"list": fast}, list=["500"]).holds
    assert not _result({}).holds


def test_the_table_has_a_row_for_each_kind_and_one_for_all() -> None:
    """Errors are counted where they happened, and in all."""
    result = _result({"list": [10.0] * 3, "review": [400.0]}, list=["500 /list"])
    assert [row[:3] for row in result.rows()] == [("list", "3", "1"), ("review", "1", "0"), ("all", "4", "1")]
    assert [row[-1] for row in result.rows()] == ["MISSED"] * 3
    assert "| review | 1 | 0 | 400 ms | 400 ms | 400 ms | 400 ms | **missed** |" in result.markdown()
