"""The review page: what it compares with, what folds away, what a reviewer has viewed, what they ask."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from support.drawn import libraries
from support.people import built, changed, draft, lock_of, person, published, spec_input, visitor

from assay.core.comparison.diff import ComparedVersion, compare
from assay.core.lock import Lock, LockedLibrary
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny
from assay.core.policy.policy import Policy
from assay.core.review.decision import mark_of
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.policy import revise
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.review import review
from assay.flow.review.overview import overview
from assay.store.models import Lock as LockRow
from assay.store.models import ViewedLibrary
from assay.store.reads.reviews import viewed_by
from assay.web.admin.changes import ChangeLine, age, change_lines

PINS = {"six": "1.16.0", "idna": "2.8", "certifi": "2024.1"}
NEXT = {"six": "1.17.0", "idna": "2.8", "rich": "13.0"}
PAGE = "/environments/geo/2/review"


@pytest.fixture
def people(db: None) -> tuple[Actor, Actor]:  # noqa: ARG001 - it writes to the database
    """Return ana and ben: `geo@1` is published, `geo@2` waits, and `web@1` holds six too."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], PINS)
    published(ana, ben, "web", ["six"], {"six": "1.15.0", "uvloop": "1"})
    version = new_version(ana, "geo")
    edit_spec(ana, "geo", version.number, spec_input("six", "rich"))
    built(ana, "geo", 2, lock_of(NEXT))
    review.submit(ana, "geo", 2, "with rich")
    return ana, ben


def test_the_list_says_which_checks_failed(people: tuple[Actor, Actor]) -> None:
    """They are read from the reports of the versions that are shown."""
    client = visitor(people[1])
    assert "1 failed" not in client.get("/admin/environments/").content.decode()
    (lock,) = LockRow.objects.filter(versions=find_version(people[0], "geo", 2))
    lock.report["checks"] = [{"name": "imports", "state": "failed", "detail": "six"}, *lock.report["checks"]]
    lock.save()
    assert "1 failed" in client.get("/admin/environments/").content.decode()


def view(client: Client, page: str = PAGE) -> str:
    """Return the page's words."""
    answer = client.get(page)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_compares_with_the_last_published_and_offers_what_is_near(people: tuple[Actor, Actor]) -> None:
    """Last published first, then the nearest, each once; any other by the address; all others when asked for."""
    client = visitor(people[1])
    assert '<option value="geo@1" selected>geo@1</option>' in view(client)
    offered = view(client, f"{PAGE}/compare-options?with=geo@1")
    assert '<option value="geo@1" selected>geo@1 · last published</option>' in offered
    assert '<option value="web@1">web@1 · nearest,' in offered
    assert offered.count('value="geo@1"') == 1
    other = view(client, f"{PAGE}?with=web@1")
    assert '<option value="web@1" selected>' in other
    assert "uvloop" in other
    assert "1.15.0" in other
    assert '<option value="nothing" selected>' in view(client, f"{PAGE}?with=nothing")


def test_the_sentence_stands_on_top(people: tuple[Actor, Actor]) -> None:
    """Before findings and changes; the decision, the note and the checks have their places after that."""
    text = view(visitor(people[1])).partition("<main")[2]
    parts = [
        "Adds rich; removes 1 library no longer needed; 1 minor update; 1 library is new to this workspace;",
        "<h2>Findings</h2>",
        "<h2>Changes</h2>",
        "<h2>Decision</h2>",
        "with rich</p>",
        "Purpose</p>",
        "1 check passed",
        "Build log",
        "Audit log",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places, places
    assert places == sorted(places)


def test_new_libraries_licences_and_indexes_are_marked(people: tuple[Actor, Actor]) -> None:
    """In the row of the library: new to the workspace, from another index than the default one."""
    rows = view(visitor(people[1])).partition("<tbody>")[2].partition("</tbody>")[0].split("<tr")
    (rich,) = (row for row in rows if 'data-name="rich"' in row)
    assert "new here" in rich
    assert "from index.example" in rich
    (six,) = (row for row in rows if 'data-name="six"' in row)
    assert "new here" not in six
    assert "<code>1.16.0</code> → <code>1.17.0</code>" in six
    assert "web@1" in six


def test_what_is_folded_is_loaded_when_it_is_opened(people: tuple[Actor, Actor]) -> None:
    """All installed libraries, and the audit log; to those who may see the version."""
    client = visitor(people[1])
    page = view(client)
    assert f'hx-get="{PAGE}/installed"' in page
    assert '<td class="strong">rich</td>' in view(client, f"{PAGE}/installed")
    assert 'data-event="version.submitted"' in view(client, f"{PAGE}/events")
    assert 'data-event="version.submitted"' not in page
    for part in ("installed", "events", "compare-options", "changes"):
        assert visitor(person(f"eve-{part}")).get(f"{PAGE}/{part}").status_code == 404


@pytest.mark.parametrize("page", [PAGE, f"{PAGE}?with=web@1", f"{PAGE}?with=nothing"])
def test_it_takes_twelve_queries(people: tuple[Actor, Actor], page: str) -> None:
    """However many environments, libraries, waivers and submissions there are."""
    ana, ben = people
    client = visitor(ben)
    view(client, page)  # the first view of the day assesses

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            view(client, page)
        return len(seen)

    before = queries()
    for at in range(3):
        published(ana, ben, f"more{at}", ["six"], {"six": "1.16.0", "idna": "2.8", f"own{at}": "1"})
        draft(ana, f"wait{at}", "rich")
        built(ana, f"wait{at}", lock=lock_of({"rich": "13.1"}))
        review.submit(ana, f"wait{at}", 1, "")
    assert before == queries()
    assert before <= 12


def test_approving_with_warnings_is_deliberate(people: tuple[Actor, Actor]) -> None:
    """The button says how many, the confirmation lists them; without any it is the plain one."""
    ben = people[1]
    client = visitor(ben)
    assert '<button class="approve" type="button" data-opens="approve" data-key="a">Approve…</button>' in view(client)
    revise(person("root", Role.ADMIN), Policy(rules=(Deny(effect=Effect.WARN, library="rich"),)), seen=0)
    text = view(client)
    assert '<button class="caution" type="button" data-opens="approve" data-key="a">Approve with 1 warning…' in text
    dialog = text.partition('<dialog id="approve"')[2].partition("</dialog>")[0]
    assert "You approve in spite of 1 warning:" in dialog
    assert "rich 13.0" in dialog
    assert '<button class="caution">Approve with 1 warning</button>' in dialog
    version = find_version(ben, "geo", 2)
    answer = client.post("/environments/geo/2/approve", {"digest": version.digest})  # from a page of before
    assert answer.status_code == 409
    assert "1 new warning since you opened the page: rich 13.0" in answer.content.decode()
    assert find_version(ben, "geo", 2).status == "pending"
    revise(person("adam", Role.ADMIN), Policy(rules=(Deny(effect=Effect.BLOCK, library="rich"),)), seen=1)
    blocked = view(client)
    assert 'data-opens="approve" data-key="a" disabled' in blocked
    assert "1 finding blocks: rich 13.0" in blocked
    revise(person("eva", Role.ADMIN), Policy(rules=(Deny(effect=Effect.WARN, library="rich"),)), seen=2)
    seen = re.findall('name="warning" value="([^"]+)"', view(client))
    assert len(seen) == 1
    client.post("/environments/geo/2/approve", {"digest": version.digest, "warning": seen})
    assert find_version(ben, "geo", 2).status == "published"


def test_what_was_approved_here_before_folds_away(people: tuple[Actor, Actor]) -> None:
    """Against anything but the last version, unchanged libraries are told apart from new ones."""
    client = visitor(people[1])
    text = view(client, f"{PAGE}?with=nothing")
    assert "1 library is exactly as approved here before" in text
    assert 'data-name="rich"' in text
    assert 'data-name="six"' in text
    assert 'data-name="idna"' not in text
    folded = view(client, f"{PAGE}/changes?part=accepted&with=nothing")
    assert re.findall('data-name="([^"]+)"', folded) == ["idna"]
    assert "<tbody></tbody>" in view(client, f"{PAGE}/changes?part=folded&with=nothing")


def test_what_was_approved_under_another_policy_is_open_again(people: tuple[Actor, Actor]) -> None:
    """The rules that it passed are not those of today; what is approved from now on folds away again."""
    revise(person("root", Role.ADMIN), Policy(rules=()), seen=0)
    text = view(visitor(people[1]), f"{PAGE}?with=nothing")
    assert "exactly as approved here before" not in text
    assert 'data-name="idna"' in text


def test_viewed_marks_are_each_persons_own_and_end_with_the_file(people: tuple[Actor, Actor]) -> None:
    """A mark stays over a reload and over a new round; another file needs another look."""
    ana, ben = people
    client = visitor(ben)
    marks = {line.change.row.name: line.mark for line in lines_of(ben)}
    address = "/environments/geo/2/viewed"
    for name in ("six", "rich"):
        assert client.post(address, {"library": name, "mark": marks[name], "viewed": "1"}).status_code == 204
    assert viewed(ben) == {"six", "rich"}
    assert view(client).count(" checked>") == 2
    assert viewed(person("bob", Role.REVIEWER)) == set()
    review.reject(ben, "geo", 2, feedback="another rich")
    built(ana, "geo", 2, changed(lock_of(NEXT), "rich", "14.0"))
    review.submit(ana, "geo", 2, "here")
    assert viewed(ben) == {"six"}
    client.post(address, {"library": "six", "mark": marks["six"], "viewed": "0"})
    assert viewed(ben) == set()


def test_marks_are_checked(people: tuple[Actor, Actor]) -> None:
    """What is no mark, no library or not to be seen is refused, and nothing is kept."""
    ben = people[1]
    address = "/environments/geo/2/viewed"
    good = {"library": "six", "mark": "0" * 32, "viewed": "1"}
    assert visitor(ben).post(address, {**good, "mark": "<script>"}).status_code == 422
    assert visitor(ben).post(address, {**good, "library": "never-heard-of"}).status_code == 404
    assert visitor(person("eve")).post(address, good).status_code == 404
    assert not ViewedLibrary.objects.exists()


def test_the_form_asks_for_edits_and_the_author_applies_them(people: tuple[Actor, Actor]) -> None:
    """From the reviewer's rows to the author's button; a row without a library asks nothing."""
    ana, ben = people
    rows = {"library": ["six", "rich", ""], "kind": ["raise", "note", "drop"], "to": ["1.18", "is it needed?", ""]}
    visitor(ben).post("/environments/geo/2/reject", {"feedback": "almost", **rows})
    author = visitor(ana)
    for page in ("/environments/geo/2/", "/environments/geo/2/edit"):
        text = view(author, page)
        assert "raise to 1.18" in text
        assert "is it needed?" in text
        assert text.count(">Apply</button>") == 1
    answer = author.post("/environments/geo/2/apply", {"name": "six", "kind": "raise", "to": "1.18"})
    assert answer["Location"] == "/environments/geo/2/edit"
    text = view(author, "/environments/geo/2/edit")
    assert "six&gt;=1.18" in text
    assert ">Apply</button>" not in text


def test_submissions_that_wait_for_the_same_library_show_each_other(people: tuple[Actor, Actor]) -> None:
    """Both bring rich, which nothing published holds: its row names the other one."""
    ana, ben = people
    draft(ana, "more", "rich")
    built(ana, "more", lock=lock_of({"rich": "13.1"}))
    review.submit(ana, "more", 1, "")
    assert '<code title="in review, too">more@1</code>' in view(visitor(ben))


def lines_of(actor: Actor) -> list[ChangeLine]:
    """Return the open lines of the review as it opens."""
    version = find_version(actor, "geo", 2)
    return change_lines(overview(actor, version).changes.open, viewed_by(actor, version))


def viewed(actor: Actor) -> set[str]:
    """Return the libraries that an actor has viewed."""
    return {line.change.row.name for line in lines_of(actor) if line.viewed}


@given(libraries(), libraries())
def test_marks_tell_files_apart(one: LockedLibrary, other: LockedLibrary) -> None:
    """The mark of a library is the same exactly when its name, version, index and file are."""

    def mark(library: LockedLibrary) -> str:
        lock = Lock(python="3.11", platform="linux", libraries=(library,))
        nothing = Lock(python="3.11", platform="linux")
        (row,) = compare([ComparedVersion(label="a", lock=nothing), ComparedVersion(label="b", lock=lock)]).rows
        return mark_of(row)

    def identity(library: LockedLibrary) -> tuple[str, ...]:
        return library.name, library.version, library.index, library.file.sha256

    assert (mark(one) == mark(other)) == (identity(one) == identity(other))


@given(st.integers(0, 4000))
def test_ages_are_told_in_the_largest_unit(days: int) -> None:
    """Days up to a month, months up to a year, then years; nothing for what is not known."""
    now = datetime(2030, 1, 1, tzinfo=UTC)
    told = age((now - timedelta(days=days)).isoformat(), now)
    assert told == ("today" if days == 0 else told)
    assert ("year" in told) == (days >= 365)
    assert ("day" in told) == (days < 30)
    assert age("", now) == ""


def test_a_rejection_that_cannot_be_taken_loses_nothing(people: tuple[Actor, Actor]) -> None:
    """Without feedback, or with an edit that cannot be applied, the form comes back with every word."""
    ana, ben = people
    given = {
        "feedback": "",
        "library": ["six", "rich"],
        "kind": ["raise", "note"],
        "to": ["nonsense", "why <b>so</b>?"],
    }
    answer = visitor(ben).post("/environments/geo/2/reject", given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert '<dialog id="reject" aria-labelledby="reject-title" open data-modal>' in text
    assert 'value="nonsense"' in text
    assert "why &lt;b&gt;so&lt;/b&gt;?" in text
    assert '<option value="note" selected>' in text
    assert "Nothing you typed is lost." in text
    assert find_version(ana, "geo", 2).status == "pending"
