"""Line charts over a logarithmic axis, as SVG: one panel per measure, the same colours and one legend for all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT, GAP, LEFT, TOP, LINE = 340, 230, 104, 56, 34, 20  # pixels: of a panel, and around it
FONT = "system-ui, sans-serif"


@dataclass(frozen=True, kw_only=True)
class Colours:
    """The colours of a picture: those of the lines have a contrast of 3:1 and more to the background."""

    text: str
    grid: str
    lines: tuple[str, ...]


LIGHT = Colours(
    text="#24292f",
    grid="#d8dee4",
    lines=("#0b62a4", "#c2410c", "#0f766e", "#a21caf", "#4d7c0f", "#92400e", "#4338ca", "#be123c", "#57606a"),
)
DARK = Colours(
    text="#e6edf3",
    grid="#3d444d",
    lines=("#6cb6ff", "#ff9e64", "#4fd6c4", "#e58af0", "#a5d65a", "#e0b070", "#a5a8ff", "#ff8fa3", "#adbac7"),
)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One measure: its unit, its limit (None for none), and for each name its points (x, y)."""

    label: str
    limit: float | None
    lines: Mapping[str, Sequence[tuple[float, float]]]


def line_chart(panels: Sequence[Panel], along: str, colours: Colours) -> str:
    """Return the SVG of panels side by side over the same axis, with a legend below."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    width = LEFT + len(panels) * (WIDTH + GAP)
    height = TOP + HEIGHT + 2 * LINE + 24 + LINE * math.ceil(len(names) / 3)
    words = f"{' and '.join(one.label for one in panels)} over {along}"
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"']
    drawn[0] += f' font-family="{FONT}" font-size="12" fill="{colours.text}"><title>{escape(words)}</title>'
    for at, panel in enumerate(panels):
        drawn += _panel(panel, names, along, LEFT + at * (WIDTH + GAP), colours)
    for at, name in enumerate(names):
        x, y = LEFT + (at % 3) * (width - LEFT) / 3, TOP + HEIGHT + 2 * LINE + 20 + LINE * (at // 3)
        drawn.append(f'<path d="M{x:.0f} {y - 4:.0f}h18" stroke="{_colour(at, colours)}" stroke-width="3"/>')
        drawn.append(f'<text x="{x + 24:.0f}" y="{y:.0f}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _colour(at: int, colours: Colours) -> str:
    return colours.lines[at % len(colours.lines)]


def _panel(panel: Panel, names: Sequence[str], along: str, left: float, colours: Colours) -> list[str]:
    points = [one for line in panel.lines.values() for one in line]
    first, last = (math.log10(pick(x for x, _ in points)) for pick in (min, max))
    top = _round_up(max([y for _, y in points] + ([panel.limit] if panel.limit else [])))

    def place(x: float, y: float) -> tuple[float, float]:
        share = (math.log10(x) - first) / (last - first or 1)
        return left + share * WIDTH, TOP + HEIGHT * (1 - y / top)

    drawn = [f'<text x="{left:.0f}" y="{TOP - 14}" font-weight="600">{escape(panel.label)}</text>']
    for part in range(5):
        y = top * part / 4
        at = place(points[0][0], y)[1]
        drawn.append(f'<path d="M{left:.0f} {at:.1f}h{WIDTH}" stroke="{colours.grid}"/>')
        drawn.append(f'<text x="{left - 6:.0f}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in sorted({x for x, _ in points}):
        at = place(x, 0)[0]
        drawn.append(f'<text x="{at:.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{x:,.0f}</text>')
    middle = left + WIDTH / 2
    drawn.append(f'<text x="{middle:.0f}" y="{TOP + HEIGHT + 18 + LINE}" text-anchor="middle">{escape(along)}</text>')
    if panel.limit:
        at = place(points[0][0], panel.limit)[1]
        drawn.append(f'<path d="M{left:.0f} {at:.1f}h{WIDTH}" stroke="{colours.text}" stroke-dasharray="5 4"/>')
        drawn.append(f'<text x="{left + WIDTH + 6:.0f}" y="{at + 4:.1f}">limit {panel.limit:g}</text>')
    for name, line in panel.lines.items():
        colour = _colour(names.index(name), colours)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*one) for one in line))
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (place(*one) for one in line)
        ]
    return drawn


def _round_up(most: float) -> float:
    """Return the smallest of 1, 2, 4, 6 and 8 times a power of ten that is not below an amount."""
    power = 10.0 ** math.floor(math.log10(max(most, 1e-9)))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= most)
