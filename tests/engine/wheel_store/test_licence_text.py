"""Licences by their texts: real ones, and texts that are more than one licence."""

from __future__ import annotations

from importlib.metadata import distributions

import pytest
from support.licences import APACHE, BSD_2, BSD_3, EITHER, MIT

from assay.engine.wheel_store.licence_text import MAX_TEXT, identify


@pytest.mark.parametrize(
    ("text", "expected"), [(MIT, "MIT"), (BSD_2, "BSD-2-Clause"), (BSD_3, "BSD-3-Clause"), (APACHE, "Apache-2.0")]
)
def test_a_licence_is_identified(text: str, expected: str) -> None:
    """With other copyright lines, another title, other spaces and quotes too."""
    assert identify(text) == expected
    assert identify(f"The licence of example\n\nCopyright (c) 2020 Ann\n\u00a9 2021 Ben\n\n{text}") == expected
    assert identify(text.replace('"', "\u201d").replace("\n", "\r\n")) == expected


@pytest.mark.parametrize(
    "before",
    [
        "Permission is given to members only.\n",
        "You must not use this software commercially.\n",
        "Portions of this software are under other licences.\n",
        "This software is licensed under the GPL, as follows:\n",
        "Copyright (c) 2020 Ann\nYou must show our logo.\n",
        "word " * 40,
    ],
)
def test_words_that_can_change_a_licence_are_no_licence(before: str) -> None:
    """Conditions, parts, other licences, and long texts; also where they stand between copyright and licence."""
    assert identify(f"{before}\n{MIT}") == ""
    assert identify(f"{MIT}\n{before}") == ""


@pytest.mark.parametrize("text", [MIT, BSD_2, BSD_3, APACHE])
def test_a_condition_is_noticed_wherever_it_stands(text: str) -> None:
    """Before, inside or after the licence: with one more condition it is another licence."""
    lines = text.splitlines()
    for place in range(0, len(lines) + 1, max(1, len(lines) // 20)):
        changed = [*lines[:place], "You may not sell this software.", *lines[place:]]
        assert identify("\n".join(changed)) == "", place


def test_other_words_beside_a_licence_are_allowed_where_they_name_it() -> None:
    """As in the licence files of Jupyter: a sentence that names the licence, its text, and who the authors are."""
    text = (
        f"Example is licensed under the terms of the Modified BSD License, as follows:\n{BSD_3}\n{'authors ' * 100}"
    )
    assert identify(text) == "BSD-3-Clause"
    assert identify(text.replace("Modified BSD", "Simplified BSD")) == ""


@pytest.mark.parametrize(
    "text", ["", "MIT", "All rights reserved.", EITHER, MIT + BSD_3, BSD_3 + BSD_2, MIT + " " * MAX_TEXT]
)
def test_other_texts_are_no_licence(text: str) -> None:
    """Names, collections, references to other files, and what is too long to be one licence."""
    assert identify(text) == ""


def test_texts_agree_with_what_their_distributions_declare() -> None:
    """Wherever an installed distribution declares an expression and has one licence text, the text is part of it."""
    found = 0
    for one in distributions():
        texts = [file for file in one.files or () if ".dist-info/" in str(file) and file.name.startswith("LICENSE")]
        expression = one.metadata.get("License-Expression")
        licence = identify(texts[0].read_text()) if expression and len(texts) == 1 else ""
        if licence and expression:
            assert licence in expression, one.name
            found += 1
    assert found > 20
