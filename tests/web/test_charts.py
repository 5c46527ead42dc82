"""Bar charts: what a bar is, the scale, and that every amount is in the drawing."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assay.store.reads.daily_use import Day
from assay.web.charts import _parts, _top, amount_text, bar_chart, change_since

START = date(2026, 1, 1)


def days(*launches: int) -> list[Day]:
    """Return days with launches."""
    return [Day(day=START + timedelta(days=at), launches=one) for at, one in enumerate(launches)]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=400))
def test_every_day_is_in_exactly_one_bar(launches: list[int]) -> None:
    """In order; weeks end with the last day."""
    every = days(*launches)
    parts = _parts(every)
    assert [one for part in parts for one in part] == every
    assert all(len(part) == (1 if len(every) < 120 else 7) for part in parts[1:])


@given(st.floats(0, 1e9))
def test_the_scale_is_round_and_not_below_any_bar(most: float) -> None:
    """1, 2 or 5 times a power of ten, at most five times too high."""
    top = _top(most)
    assert top >= most
    assert most <= 1 or top <= 2.5 * most * (1 + 1e-9)
    assert f"{top:e}"[0] in "125"


def test_a_chart_names_its_days_and_amounts() -> None:
    """For people who hear it, and at the pointer."""
    chart = bar_chart("Launches", days(0, 3, 5), lambda one: one.launches, total="8")
    assert (chart.top, chart.first, chart.last, chart.unit) == ("5", "1 Jan", "3 Jan", "per day")
    assert 'aria-label="Launches per day from 1 Jan to 3 Jan: 5 at the upper edge"' in chart.drawing
    assert "<title>2 Jan: 3</title>" in chart.drawing
    assert 'height="60.0"' in chart.drawing
    assert chart.drawing.count("<rect") == 5


def test_a_mean_is_taken_of_each_week() -> None:
    """Sums are not: people of several days would count several times."""
    every = days(*[7] * 120)
    mean = bar_chart("People", every, lambda one: one.launches, total="7", mean=True)
    weekly = bar_chart("Launches", every, lambda one: one.launches, total="840")
    assert (mean.unit, weekly.unit) == ("mean per day", "per week")
    assert "<title>2 Jan\N{EN DASH}8 Jan: 7</title>" in mean.drawing or ": 7</title>" in mean.drawing
    assert ": 49</title>" in weekly.drawing


def test_days_of_different_years_have_their_year() -> None:
    """A chart of 365 days begins and ends on nearly the same day."""
    chart = bar_chart("Launches", days(*[1] * 366), lambda one: one.launches, total="366")
    assert (chart.first, chart.last) == ("1 Jan 2026", "1 Jan 2027")


def test_words_of_changes_and_amounts() -> None:
    """Nothing before is no change."""
    assert change_since(5, 0, 30) == ""
    assert change_since(5, 5, 30) == "\N{PLUS-MINUS SIGN}0 % vs previous 30 days"
    assert change_since(6, 4, 30) == "+50 % vs previous 30 days"
    assert change_since(1, 4, 30) == "\N{MINUS SIGN}75 % vs previous 30 days"
    assert [amount_text(one) for one in (0, 2.0, 2.46, 10.4, 1234)] == ["0", "2", "2.5", "10", "1,234"]
