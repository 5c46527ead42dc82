"""Sums of usage: which days a launch ran on, and when an open one is taken to end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from assay.core.usage import day_of, day_start, end_of_use, first_day, is_final, seconds_by_day

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 9), timezones=st.just(UTC))  # noqa: DTZ001 - UTC is added


def test_a_period_ends_today() -> None:
    """Seven days are today and the six days before it."""
    assert first_day(7, date(2026, 3, 7)) == date(2026, 3, 1)


def test_seconds_are_split_at_midnight_utc() -> None:
    """From 23:30 to 00:15 there are 30 minutes on the first day and 15 on the next, in any time zone."""
    begin = datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    days = dict(seconds_by_day(begin, begin + timedelta(minutes=45)))
    assert days == {date(2026, 3, 1): 1800.0, date(2026, 3, 2): 900.0}


@given(begin=MOMENTS, end=MOMENTS)
def test_days_add_up_to_the_whole_and_back(begin: datetime, end: datetime) -> None:
    """The seconds of the days are those between both times; the way back takes them away again."""
    forth, back = dict(seconds_by_day(begin, end)), dict(seconds_by_day(end, begin))
    assert abs(sum(forth.values()) - (end - begin).total_seconds()) < 1e-6
    assert {day: -seconds for day, seconds in back.items()} == forth


def test_a_kernel_that_never_ends_counts_one_day() -> None:
    """One whose end is reported counts in full, however long it ran; a server counts until now."""
    later = NOON + timedelta(days=3)
    assert end_of_use("kernel", NOON, None, NOON + timedelta(hours=2)) == NOON + timedelta(hours=2)
    assert end_of_use("kernel", NOON, None, later) == NOON + timedelta(hours=24)
    assert end_of_use("kernel", NOON, later, later) == later
    assert end_of_use("studio", NOON, None, later) == later


def test_an_end_before_the_start_counts_nothing() -> None:
    """Clocks of two machines differ."""
    assert end_of_use("run", NOON, NOON - timedelta(seconds=5), NOON) == NOON
    assert end_of_use("run", NOON, None, NOON - timedelta(seconds=5)) == NOON


def test_what_ended_is_final_and_so_is_a_lost_kernel() -> None:
    """An open server never is."""
    day = NOON + timedelta(hours=24)
    assert is_final("run", NOON, NOON, NOON)
    assert not is_final("studio", NOON, None, day)
    assert is_final("kernel", NOON, None, day)
    assert not is_final("kernel", NOON, None, day - timedelta(seconds=1))


def test_days_are_those_of_utc() -> None:
    """Half past midnight in Paris is the day before."""
    assert day_of(datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == date(2026, 3, 1)
    assert day_start(date(2026, 3, 1)) == datetime(2026, 3, 1, tzinfo=UTC)
