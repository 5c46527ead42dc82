"""Prices of hours and disk space, and amounts of money as text."""

from __future__ import annotations

import pytest

from assay.core.errors import InvalidInputError
from assay.core.formatting import format_money
from assay.core.prices import HourPrice, Prices, read_hour_prices, unknown_names


def test_prices_are_read_from_one_line() -> None:
    """Separated by spaces or commas; nothing is no price."""
    assert read_hour_prices("") == ()
    read = (HourPrice(name="small", price=0.05), HourPrice(name="run", price=2.0))
    assert read_hour_prices("small=0.05, run=2") == read
    assert unknown_names(read, ["small"]) == []
    assert unknown_names(read, ["large"]) == ["small"]


@pytest.mark.parametrize("line", ["small", "small=", "small=-1", "small=1e3", "Small=1", "small=1 small=2"])
def test_a_wrong_price_is_refused(line: str) -> None:
    """With how it is written."""
    with pytest.raises(InvalidInputError):
        read_hour_prices(line)


def test_the_price_of_use_and_of_bytes() -> None:
    """Servers by size, projects by kind; a month is a twelfth of a year."""
    prices = Prices(hours={"small": 0.5, "large": 4.0, "run": 1.0}, storage=0.1, default_size="small")
    assert prices.of_use("studio", "large", 1800) == 2.0
    assert prices.of_use("studio", "", 3600) == 0.5
    assert prices.of_use("run", "", 7200) == 2.0
    assert prices.of_use("app", "", 7200) == 0.0
    assert prices.of_use("kernel", "", 7200) == 0.0
    assert prices.of_storage(10**10, 365.25) == pytest.approx(12.0)
    assert prices.per_month(10**10) == 1.0


def test_prices_are_known_when_any_is_set_and_differ_in_their_basis() -> None:
    """A default size alone is no price."""
    none, hours, storage = Prices(default_size="a"), Prices(hours={"a": 0.0}), Prices(storage=0.1)
    assert [one.known for one in (none, hours, storage)] == [False, True, True]
    assert len({one.basis for one in (none, hours, storage, Prices(), Prices(hours={"a": 1.0}))}) == 5


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00 EUR"), (1234.5, "1,234.50 EUR"), (12345.6, "12,346 EUR"), (-2, "\N{MINUS SIGN}2.00 EUR")],
)
def test_money_as_text(amount: float, text: str) -> None:
    """With cents below 10,000."""
    assert format_money(amount, "EUR") == text
