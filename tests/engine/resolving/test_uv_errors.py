"""uv's words, as it really writes them, become what is wrong and what to do."""

from __future__ import annotations

import pytest

from assay.engine.resolving.uv_errors import explain, pinned_by_base

CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because you require numpy<1.20 and numpy==2.4.6, we can conclude that your requirements are unsatisfiable.
"""
UNKNOWN = """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because foo-bar-xyz was not found in the package registry and you require foo-bar-xyz, we can conclude
      that your requirements are unsatisfiable.
"""
NO_WHEEL = """\
error: No solution found when resolving dependencies
  cause: Because pandas==1.0.0 has no usable wheels and you require pandas==1.0, we can conclude that your
  requirements are unsatisfiable.
"""
SILENT = "error: Failed to fetch: `https://index.example/simple/six/`\n  cause: error sending request\n"


@pytest.mark.parametrize(
    ("text", "detail", "hint"),
    [
        (CONFLICT, "Because you require numpy<1.20 and numpy==2.4.6", "Loosen"),
        (UNKNOWN, "Because foo-bar-xyz was not found", "spelling of foo-bar-xyz"),
        (NO_WHEEL, "no usable wheels", "another Python"),
        (SILENT, "Failed to fetch", "Try again"),
        ("", "gave no reason", "log"),
    ],
)
def test_failures_are_told_in_words(text: str, detail: str, hint: str) -> None:
    """The frame is gone, the reason stays, the next action is named."""
    told = explain(text)
    assert detail in told.detail
    assert hint in told.hint
    assert not set("\u00d7╰─▶│") & set(told.detail)


def test_a_pin_of_the_base_is_named() -> None:
    """Asking against the base says which of its libraries stands in the way."""
    told = pinned_by_base(explain(CONFLICT), ("numpy==2.4.6", "six==1.17.0"))
    assert "The base pins numpy to 2.4.6" in told.hint
    assert pinned_by_base(explain(CONFLICT), ("numpy==2.4.60",)).hint == explain(CONFLICT).hint
