"""Security support of Python versions ends on known days."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from assay.core.python_support import SUPPORT_ENDS, support_days, support_ends


@pytest.mark.parametrize(
    ("python", "end"),
    [("3.9", date(2025, 10, 31)), ("3.11.9", date(2027, 10, 31)), ("3.1", None), ("2.7", None), ("", None)],
)
def test_a_version_or_its_patch_release_has_the_end_of_its_series(python: str, end: date | None) -> None:
    """3.11.9 ends with 3.11; 3.1 is not 3.11; what is not listed is unknown."""
    assert support_ends(python) == end


def test_each_series_ends_a_year_after_the_one_before() -> None:
    """Releases are yearly, and each gets five years."""
    assert [later.year - sooner.year for sooner, later in pairwise(SUPPORT_ENDS.values())] == [1] * 6


@pytest.mark.parametrize(
    ("today", "left"), [(date(2026, 10, 1), 30), (date(2026, 10, 31), 0), (date(2026, 11, 27), -27)]
)
def test_the_last_day_still_counts(today: date, left: int) -> None:
    """On the last day no day is left, after it the number is negative."""
    assert support_days("3.10", today) == left
    assert support_days("3.99", today) is None
