"""A chart is valid SVG in which every line and every limit can be found."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
from line_chart import DARK, LIGHT, Colours, Panel, line_chart

NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_a_chart_has_a_line_and_a_name_for_each_series(colours: Colours) -> None:
    """Points lie inside the panel, larger amounts higher, and names are escaped."""
    lines = {"list <100>": [(100, 3.0), (10_000, 4.5)], "review": [(100, 30.0), (10_000, 41.0)]}
    root = ET.fromstring(line_chart([Panel(label="ms", limit=40, lines=lines)], "environments", colours))  # noqa: S314 - our own picture
    found = [one.attrib["points"].split() for one in root.iter(f"{NAMESPACE}polyline")]
    heights = [[float(point.split(",")[1]) for point in line] for line in found]
    assert len(heights) == 2
    assert heights[0][0] > heights[0][1] > heights[1][0] > heights[1][1]
    texts = [one.text for one in root.iter(f"{NAMESPACE}text")]
    assert {"list <100>", "review", "limit 40", "10,000", "environments"} <= set(texts)
