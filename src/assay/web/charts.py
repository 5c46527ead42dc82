"""Bar charts of amounts per day, drawn on the server as SVG without script and style."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.safestring import SafeString

from assay.store.reads.daily_use import Day

WEEKLY = 120  # days from which a bar is a week
WEEK = 7
HEIGHT, STEP, GAP = 100, 10, 2  # of the drawing: its height, and the width of a bar with the gap after it
TENTHS_BELOW = 10  # amounts that are shown with a decimal


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart: `total` is the figure in its heading, `unit` what a bar is, `change` a comparison with before.

    `top` is the amount at the upper edge, `first` and `last` are the days at its ends.
    """

    label: str
    total: str
    unit: str
    change: str
    top: str
    first: str
    last: str
    drawing: SafeString


def bar_chart(
    label: str,
    days: Sequence[Day],
    value: Callable[[Day], float],
    *,
    total: str,
    change: str = "",
    mean: bool = False,
) -> Chart:
    """Return a chart of an amount per day, or per week for long periods: its sum, or with `mean` its mean per day."""
    bars = [_bar(part, value, mean=mean) for part in _parts(days)]
    top = _top(max((amount for _, _, amount in bars), default=0))
    unit = "per day" if len(days) < WEEKLY or mean else "per week"
    first, last = (_day(one.day, year=days[0].day.year != days[-1].day.year) for one in (days[0], days[-1]))
    words = f"{label} {unit} from {first} to {last}: {amount_text(top)} at the upper edge"
    return Chart(
        label=label,
        total=total,
        unit=f"mean {unit}" if mean and len(days) >= WEEKLY else unit,
        change=change,
        top=amount_text(top),
        first=first,
        last=last,
        drawing=_drawing(bars, top, words),
    )


def change_since(now: float, before: float, days: int) -> str:
    """Return how an amount changed against the same number of days before, '' where there was nothing before."""
    if before <= 0:
        return ""
    share = round(100 * (now - before) / before)
    sign = "+" if share > 0 else "\N{MINUS SIGN}" if share else "\N{PLUS-MINUS SIGN}"
    return f"{sign}{abs(share):,} % vs previous {days} days"


def amount_text(amount: float) -> str:
    """Return an amount with a decimal where it is small and not whole."""
    whole = amount == round(amount) or amount >= TENTHS_BELOW
    return f"{amount:,.0f}" if whole else f"{amount:,.1f}"


def _parts(days: Sequence[Day]) -> list[Sequence[Day]]:
    """Return the days of each bar; weeks end with the last day, and the first one may be shorter."""
    if len(days) < WEEKLY:
        return [[one] for one in days]
    ends = range(len(days), 0, -WEEK)
    return [days[max(0, end - WEEK) : end] for end in reversed(ends)]


def _bar(part: Sequence[Day], value: Callable[[Day], float], *, mean: bool) -> tuple[date, date, float]:
    amount = sum(map(value, part))
    return part[0].day, part[-1].day, amount / len(part) if mean else amount


def _top(most: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below an amount; 1 for 0."""
    if most <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= most))


def _drawing(bars: Sequence[tuple[date, date, float]], top: float, words: str) -> SafeString:
    """Return the SVG. It is made of numbers and dates only, so nothing needs escaping."""
    width = len(bars) * STEP
    drawn = []
    for at, (first, last, amount) in enumerate(bars):
        height = HEIGHT * amount / top
        when = _day(first) if first == last else f"{_day(first)}\N{EN DASH}{_day(last)}"
        title = f"<title>{when}: {amount_text(amount)}</title>"
        hover = f'<rect class="hover" x="{at * STEP}" width="{STEP}" height="{HEIGHT}">{title}</rect>'
        shown = f'<rect x="{at * STEP}" y="{HEIGHT - height:.1f}" width="{STEP - GAP}" height="{height:.1f}"/>'
        drawn.append((shown if amount else "") + hover)
    grid = f'<path class="grid" d="M0 0H{width}M0 {HEIGHT // 2}H{width}M0 {HEIGHT}H{width}"/>'
    return SafeString(
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{words}">{grid}{"".join(drawn)}</svg>'
    )


def _day(day: date, *, year: bool = False) -> str:
    return f"{day.day} {day:%b %Y}" if year else f"{day.day} {day:%b}"
