"""Who is told in which words: one table, of events that exist."""

from __future__ import annotations

import pytest

from assay.core.events import EventName
from assay.core.notifications import MAX_REASON, NOTIFICATION_TYPES, words_of


def test_every_notice_can_be_said() -> None:
    """With the event's own words or without any; never on more than one line, never without an end."""
    for name in NOTIFICATION_TYPES:
        plain = words_of(name, actor="ben", reference="geo@3", detail={})
        assert "geo@3" in plain
        assert plain.endswith(".")
        detail = dict.fromkeys(("note", "feedback", "reason", "words"), f"line one\nBcc: x {'y' * 1000}")
        told = words_of(name, actor="ben", reference="geo@3", detail=detail)
        assert "\n" not in told
        assert len(told) < MAX_REASON + 100


def test_what_is_said() -> None:
    """A sentence, then the words of whoever did it."""
    told = words_of(EventName.VERSION_REJECTED, actor="ben", reference="geo@3", detail={"feedback": "too old"})
    assert told == "ben rejected geo@3: too old"


@pytest.mark.parametrize(
    ("reason", "quoted"),
    [
        ("x" * MAX_REASON, "x" * MAX_REASON),
        ("x" * (MAX_REASON + 1), "x" * (MAX_REASON - 1) + "…"),
        (" two\n lines ", "two lines"),
    ],
)
def test_a_long_text_is_cut(reason: str, quoted: str) -> None:
    """To so many characters, the last of which says that there is more."""
    told = words_of(EventName.VERSION_REJECTED, actor="ben", reference="geo@3", detail={"feedback": reason})
    assert told == f"ben rejected geo@3: {quoted}"
