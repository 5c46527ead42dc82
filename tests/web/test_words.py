"""The words of the pages: the field's terms only, and a confirmation before what ends something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.people import draft, person
from web.test_pages import visitor

TEMPLATES = Path(__file__).resolve().parents[2] / "src/assay/web/templates"
AREAS = ("studio", "runtimes", "admin", "account")
# What pages said before they used the terms of the glossary.
RETIRED = (
    *("Turn around", "Asked for", "Known problems", "Also what is the same", "Compare the chosen", "Alike"),
    *("Signing in", "Second factor", "Make token", "Mail me", "Notices", "List of parts", "remedy</", "Make it a"),
    *("Counts only without", "all of it here", "stay exactly as they are", "Read from a file", "Take over"),
    *("though nobody asked", "goes on", "yours alone", "Nobody looked", "judged", "Nothing fits", "None yet"),
    *(
        "would be stopped",
        "let through",
        "touched<",
        "Stopped, and not now",
        "held against",
        "this source",
        "a source<",
    ),
    *(
        "other source",
        "Names that it owns",
        "It may lie",
        "Kept encrypted",
        "Diverging",
        "Needs a look",
        "as delivered",
    ),
    *(
        "Waive the ticked",
        "Remedy",
        "Upkeep",
        "the trail",
        "Package sources",
        "Signing",
        "Untrue records",
        "Shared paths",
    ),
)
ENDING = (
    "server-stop",
    "secret-delete",
    "token-revoke",
    "run-cancel",
    "build-cancel",
    "app-stop",
    "webhook-remove",
    "waiver-end",
    "wave-stop",
)


def pages() -> list[Path]:
    """Return the templates of the areas, and those that all areas share."""
    folders = [*(TEMPLATES / area for area in AREAS), TEMPLATES / "components"]
    return [
        *sorted(TEMPLATES.glob("*.html")),
        *(path for folder in folders for path in sorted(folder.glob("*.html"))),
    ]


def test_no_retired_word_is_left() -> None:
    """Each term of the glossary has one name."""
    found = [(path.name, word) for path in pages() for word in RETIRED if word in path.read_text()]
    assert found == []


@pytest.mark.parametrize("name", ENDING)
def test_what_ends_something_names_it_first(name: str) -> None:
    """Each form that stops, cancels, removes or revokes asks, and says what follows."""
    forms = [form for path in pages() for form in re.findall(r"<form[^>]*>", path.read_text()) if f"'{name}'" in form]
    assert forms
    assert all("data-confirm=" in form and "data-detail=" in form for form in forms)


@pytest.mark.django_db
def test_an_empty_list_says_what_it_is_for() -> None:
    """Each tab of the catalogue, and a filter without a match, name the next step."""
    ana = person("ana")
    client = visitor(ana)
    for status, words in {
        "published": "After a reviewer approves it, everyone can launch it.",
        "draft": "You have no drafts",
        "pending": "after you submit them for publishing",
        "deprecated": "with the reason",
    }.items():
        assert words in client.get("/environments/", {"status": status}).content.decode()
    draft(ana, "geo")
    text = client.get("/environments/", {"status": "draft", "text": "nothing"}).content.decode()
    assert "No environment matches these filters." in text
    assert "Clear filters" in text
