"""The documentation site: Sphinx with MyST, built strictly by `make docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import reference_pages  # noqa: E402 - it lies beside this file

project = "Assay"
copyright = "the Assay authors"  # noqa: A001 - the name that Sphinx reads
version = release = version_of("assay")
extensions = ["myst_parser", "sphinx_copybutton"]
myst_enable_extensions = ["colon_fence", "attrs_inline", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Assay"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
templates_path: list[str] = []
exclude_patterns = ["_build", "**/.*"]
nitpicky = True
copybutton_exclude = ".linenos, .gp"
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}

reference_pages.write(HERE / "reference")
