"""The frame of every page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.people import person
from web.test_pages import visitor

from assay.core.roles import Role

ICONS = Path(__file__).resolve().parents[2] / "src/assay/web/static/assay/icons.svg"


@pytest.mark.django_db
def test_every_link_of_the_sidebar_has_its_icon() -> None:
    """Each icon that the frame names is drawn in the sheet."""
    text = visitor(person("root", Role.ADMIN)).get("/environments/").content.decode()
    used = set(re.findall(r'icons\.svg#([\w-]+)"', text))
    drawn = set(re.findall(r'id="([\w-]+)"', ICONS.read_text()))
    assert {"python-environments", "workspace"} <= used
    assert used <= drawn
