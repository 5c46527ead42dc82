"""Sizes are written with three digits and a unit."""

from __future__ import annotations

import pytest

from assay.core.formatting import format_bytes, format_memory, plural


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.5, "1.00 kB"),
        (1_840, "1.84 kB"),
        (10_000, "10.0 kB"),
        (100_000, "100 kB"),
        (18_400_000, "18.4 MB"),
        (999_499_999, "999 MB"),
        (999_500_000, "1.00 GB"),
        (4_294_967_296, "4.29 GB"),
        (1_234_567_000_000, "1,235 GB"),
        (-2_500_000, "\N{MINUS SIGN}2.50 MB"),
    ],
)
def test_sizes_have_three_digits_and_a_unit(count: float, text: str) -> None:
    """Powers of 1000; the next unit starts where the number would have four digits."""
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (512 * 1024**2, "512 MiB"),
        (4 * 1024**3, "4 GiB"),
        (1.5 * 1024**3, "1.5 GiB"),
        (100 * 1024, "100 KiB"),
        (1023.6 * 1024**2, "1 GiB"),
        (2000 * 1024**3, "2,000 GiB"),
    ],
)
def test_memory_is_written_as_its_limits_are_set(count: float, text: str) -> None:
    """Powers of 1024, no zeros behind the point."""
    assert format_memory(count) == text


@pytest.mark.parametrize(
    ("amount", "noun", "text"),
    [
        (0, "library", "0 libraries"),
        (1, "library", "1 library"),
        (2, "day", "2 days"),
        (2, "finding", "2 findings"),
        (1, "finding", "1 finding"),
        (1_200, "library", "1,200 libraries"),
    ],
)
def test_an_amount_and_its_noun(amount: int, noun: str, text: str) -> None:
    """One is singular, all else plural."""
    assert plural(amount, noun) == text
