"""Rows that are written without a template: words of packages stay words in every cell."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.comparison.diff import Change, Row, Step
from assay.core.events import EventName
from assay.core.report import Check
from assay.core.review.library_changes import LibraryChange
from assay.store.reads.audit_log import EventRow
from assay.store.reads.catalogue import CatalogueRow
from assay.store.reads.libraries import LibraryRow
from assay.store.reads.review_items import ReviewRow
from assay.web.admin.changes import ChangeLine
from assay.web.admin.review_steps import StepLink, Steps
from assay.web.templatetags.assay import failed_first, happened, seconds
from assay.web.templatetags.list_rows import catalogue_rows, event_rows, review_list_rows
from assay.web.templatetags.rows import installed_rows, review_rows, side_by_side

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&"
words = st.text(max_size=8) | st.just(HOSTILE)


class Seen(HTMLParser):
    """Every element and attribute of a fragment, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.depth = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an element; inputs have no end."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.depth += tag != "input"

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the name that the parser calls it by
        """Count the end of an element."""
        self.depth -= 1


ELEMENTS = {"tr", "td", "code", "span", "input"}
ATTRIBUTES = {"class", "data-label", "data-mark", "data-name", "data-row", "data-viewed", "title", "type"} | {
    "aria-hidden",
    "aria-label",
    "autocomplete",
    "checked",
}


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Draw a row of two sides from any words."""
    return Row(
        name=draw(words),
        versions=(draw(words | st.none()), draw(words | st.none())),
        change=draw(st.sampled_from(Change)),
        step=draw(st.sampled_from([None, *Step])),
        direct=draw(st.booleans()),
        via=tuple(draw(st.lists(words, max_size=2))),
        sizes=(0, 0),
        uploaded=draw(words | st.just("2026-01-01T00:00:00Z")),
        licences=(draw(words), draw(words)),
        requirements=("", ""),
        installed=(draw(st.integers(0, 10**9)), draw(st.integers(0, 10**9))),
        indexes=("", ""),
        files=("", ""),
    )


def check(text: str) -> None:
    """Assert that nothing but our own elements and attributes is there, each one ended."""
    seen = Seen(text)
    assert seen.elements <= ELEMENTS
    assert seen.attributes <= ATTRIBUTES
    assert seen.depth == 0


@given(st.lists(rows(), max_size=3), words, words)
def test_words_stay_in_their_cells(drawn: list[Row], label: str, held: str) -> None:
    """In the comparison, in the review and among the installed libraries."""
    check(side_by_side(drawn, [label, label], {row.name: (1, 2) for row in drawn}))
    check(
        review_rows(
            ChangeLine(
                change=LibraryChange(row=row, new=row.direct, held=held, waiting=label, index=label),
                mark="0" * 32,
                viewed=True,
            )
            for row in drawn
        )
    )
    check(
        installed_rows(
            LibraryRow(
                name=row.name,
                version=label,
                direct=row.direct,
                via=row.via,
                size=row.installed[0],
                licence=held,
                summary=held,
                index=held,
                hash=held,
                uploaded=row.uploaded,
                origin="asked",
            )
            for row in drawn
        )
    )


def test_checks_that_need_attention_come_first() -> None:
    """Failed, noted, not assessed, passed; equal ones keep their order."""
    states = ("passed", "skipped", "noted", "passed", "failed")
    checks = [Check(name=str(number), state=state, detail="") for number, state in enumerate(states)]
    assert [check.name for check in failed_first(checks)] == ["4", "2", "1", "0", "3"]


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.4, "0.40 s"), (119, "119 s"), (125, "2 min 5 s"), (20_422, "5 h 40 min")]
)
def test_durations_are_written_in_units_that_fit(value: float | None, text: str) -> None:
    """Seconds, then minutes, then hours."""
    assert seconds(value) == text


def test_every_event_reads_as_what_somebody_did() -> None:
    """A past tense and its object; `set the` says nothing."""
    phrases = {name: happened(name) for name in EventName}
    assert len(set(phrases.values())) == len(phrases)
    assert all(re.match(r"(was refused|put|set|found|withdrew|[a-z]+ed) ", text) for text in phrases.values()), (
        phrases
    )
    assert not [text for text in phrases.values() if "set the" in text]


NOW = datetime(2026, 3, 5, 7, 8, 9, tzinfo=UTC)


def environment_row(**given: object) -> CatalogueRow:
    """Return a row of the catalogue."""
    found: dict[str, object] = {
        "slug": "geo", "title": "Geo", "description": "", "status": "published", "version": 3, "health": "ok",
        "python": "3.12", "base": None, "owner": "ana", "libraries": 1200, "size": 10**9, "updated": NOW,
        "published": NOW, "people_30d": 4, "runtimes_30d": 0, "tags": (), "building": "", "pilot": None,
        "rollout": "", "behind": None, "template": False,
    }  # fmt: skip
    return CatalogueRow(**found | given)  # type: ignore[arg-type]  # as given


def test_rows_of_environments_say_what_sets_them_apart() -> None:
    """Words of authors stay words; a draft, a roll-out and a newer base are marked."""
    text = catalogue_rows([environment_row(title=HOSTILE, description=HOSTILE * 3, runtimes_30d=1)], "published")
    assert "<script" not in text
    assert "onerror=alert(1)&gt;" in text
    assert "…</p>" in text
    assert "1,200" in text
    assert "+ 1 runtime<" in text
    assert "Pilot" not in text
    assert "Behind" not in text
    held = catalogue_rows([environment_row(pilot=4, base="ds@1", behind="ds@2", template=True)], "published")
    assert "geo means @4 to you" in held
    assert "versions=ds@1,ds@2" in held
    assert "Template" in held
    assert "geo/rollout" in catalogue_rows([environment_row(rollout="halted", pilot=None)], "published")
    draft = catalogue_rows([environment_row(status="draft", building="queued", size=0, libraries=0)], "published")
    assert "Draft" in draft
    assert "Queued" in draft
    assert "Launch" not in draft


@given(words, words, words)
def test_events_stay_words(actor: str, note: str, name: str) -> None:
    """An actor, a note and an unknown event cannot add an element."""
    event = EventRow(
        sequence=1, at=NOW, actor=actor, name=name, environment="geo", version=1,
        detail={"note": note, "digest": "<b>" * 9}, hash="",
    )  # fmt: skip
    seen = Seen(event_rows([event]))
    assert seen.elements <= {"li", "time", "strong", "span", "code"}
    assert seen.depth == 0
    assert seen.attributes <= {"data-event", "datetime", "title", "class"}


def test_rows_to_review_escape_what_people_wrote() -> None:
    """A reason, a title and a note stay words; a step that only an administrator takes is no link."""
    row = ReviewRow(
        pk=1, environment="geo", version=2, title=HOSTILE, status="deprecated", owner=HOSTILE,
        reasons=({"kind": "unused", "words": HOSTILE, "since": "2026-01-02"},), since=NOW.date(), people=1200,
        projects=0, derived=0, frees=0, proposal={"action": "retire", "successor": "", "words": ""}, revision=1,
    )  # fmt: skip
    steps = Steps(
        proposed=StepLink(words="Retire…", address=""), others=(StepLink(words="Keep", address="/keep?a&b"),)
    )
    text = review_list_rows([(row, steps), (row, None)], {"unused": HOSTILE})
    assert "<script" not in text
    assert "by an administrator" in text
    assert "1,200" in text
    seen = Seen(text)
    assert seen.elements <= ELEMENTS | {"label", "a", "ul", "li", "time", "details", "summary", "br"}
    other = Steps(proposed=StepLink(words="Merge…", address="/merge", note="with ds@1"), others=())
    assert 'aria-label="Merge… geo@2 with ds@1"' in review_list_rows([(row, other)], {})
