"""The figures of a benchmark are kept as they are printed, and stand in the page of the docs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
import performance_page
import report


def test_figures_are_kept_in_their_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed can be read again, with its verdict."""
    kept = tmp_path / "figures"
    monkeypatch.setenv(report.KEPT, str(kept))
    report.begin_group("pages")
    report.print_figure("list of 100", "9.0 ms", "0.60 x of 15 ms", verdict=True)
    report.print_figure("  queries", "5", "limit 4", verdict=False)
    found = report.read_figures(kept)
    assert [(one.group, one.what, one.verdict) for one in found] == [
        ("pages", "list of 100", True),
        ("pages", "  queries", False),
    ]
    assert "| list of 100 | 9.0 ms | 0.60 x of 15 ms | holds |" in performance_page.figures_table(found)
    assert "limit 4 | **missed** |" in performance_page.figures_table(found)


def test_a_part_is_added_once_and_then_replaced(tmp_path: Path) -> None:
    """Measuring one thing again leaves the other parts as they are."""
    page = tmp_path / "page.md"
    page.write_text("# Performance\n")
    performance_page.write_part("pages", "Pages", "first", page)
    performance_page.write_part("usage", "Usage", "other", page)
    performance_page.write_part("pages", "Pages", r"second \1", page)
    text = page.read_text()
    assert text.count("## Pages") == text.count("## Usage") == 1
    assert "first" not in text
    assert text.index(r"second \1") < text.index("other")
    assert "cores" in text
