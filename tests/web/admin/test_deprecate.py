"""The page that deprecates a version: impact, proposed successors, notice; and that changes a deprecation."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from support.people import draft, person, published, visitor
from support.rollouts import project

from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.people import find_person
from assay.flow.retire import deprecate
from assay.store.models import Event, Launch, LibraryUse, Version

pytestmark = pytest.mark.django_db
PAGE = "/environments/geo/1/deprecate"


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben(ana: Actor) -> Actor:
    """Return a reviewer; geo@1 is published, wide@1 covers it with a move, and slim@1 does so in part."""
    ben = person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.5", "plot": "3.0"})
    published(ana, ben, "wide", ["frame", "plot", "more"], {"frame": "2.0", "plot": "3.0", "more": "1.0"})
    published(ana, ben, "slim", ["frame"], {"frame": "1.5"})
    return ben


@pytest.fixture
def client(ben: Actor) -> Client:
    """Return the client of the reviewer."""
    return visitor(ben)


def launched(name: str, days: int = 0) -> None:
    """Let somebody have launched `geo@1`."""
    version = Version.objects.get(environment__slug="geo", number=1)
    Launch.objects.create(
        person=find_person(name),
        environment=version.environment,
        version=version,
        kind="kernel",
        digest=version.digest,
        target_id=name,
        started_at=timezone.now() - timedelta(days=days),
    )


def words(content: bytes) -> str:
    """Return the words of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", content.decode()).split())


def token(content: bytes) -> str:
    """Return the token of the impact that a page shows."""
    found = re.search(r'name="impact" value="([0-9a-f]{32})"', content.decode())
    assert found is not None
    return found[1]


def checked(content: bytes) -> list[str]:
    """Return the values of the checked options."""
    return re.findall(r'value="([^"]*)" checked', content.decode())


def test_it_shows_the_impact_with_the_best_successor(
    ana: Actor, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """People, projects with their next step, proposals with their coverage; another successor by address."""
    launched("ana", 3)
    project(ana, "figures", "geo")
    project(person("ben2"), "others", "geo@1")
    client.get(PAGE)
    with django_assert_max_num_queries(32):
        answer = client.get(PAGE)
    text = words(answer.content)
    assert checked(answer.content) == ["wide@1"]
    assert "1 person in 90 days" in text
    assert "2 projects" in text
    assert "wide@1 covers 100 %" in text
    assert "slim@1 covers 50 % Slim · 0 people in 90 days · loses plot" in text
    assert "100 % covered" in text
    assert "frame 1.5 2.0" in text
    assert "ana is offered a trial run" in text
    own = visitor(person("root", Role.ADMIN)).get(f"{PAGE}?successor=slim@1")
    assert checked(own.content) == ["slim@1"]
    assert "Lost: plot" in words(own.content)
    none = client.get(f"{PAGE}?successor=")
    assert checked(none.content) == [""]
    assert 'id="coverage"' not in none.content.decode()
    wrong = client.get(f"{PAGE}?successor=gone@1")
    assert wrong.status_code == 404
    assert "There is no version gone@1" in words(wrong.content)
    assert checked(wrong.content) == ["other"]


def test_the_owner_gets_the_trial_run(ben: Actor, client: Client) -> None:
    """A link to the changes of the project in the successor; an app has no trial."""
    project(ben, "mine", "geo@1")
    project(ben, "board", "geo@1", kind="app")
    text = client.get(PAGE).content.decode()
    assert '<a href="/runtimes/scripts/mine/upgrade?to=wide@1">Run a trial in wide@1</a>' in text
    assert '<a href="/runtimes/scripts/board/upgrade?to=wide@1">View changes in wide@1</a>' in text


def test_imports_are_counted_where_they_are_recorded(client: Client) -> None:
    """Then the smaller environment covers everything."""
    version = Version.objects.get(environment__slug="geo")
    for library in ("", "frame"):
        LibraryUse.objects.create(version=version, day=timezone.now().date(), library=library, sessions=4)
    answer = client.get(PAGE)
    assert checked(answer.content) == ["slim@1"]
    assert "Counted: 1 library imported in 90 days" in words(answer.content)


def test_deprecating(ana: Actor, client: Client) -> None:
    """With successor, message and last day; who looks at it, and who launches it, reads all three."""
    seen = token(client.get(PAGE).content)
    day = timezone.now().date() + timedelta(days=60)
    form = {"successor": "wide@1", "message": "Python ends.", "ends": day.isoformat(), "impact": seen}
    page = client.post(PAGE, form, follow=True)
    assert page.redirect_chain[-1][0] == "/environments/geo/1/"
    version = Version.objects.get(environment__slug="geo")
    assert (version.status, version.successor, version.reason) == ("deprecated", "wide@1", "Python ends.")
    assert version.ends_at == datetime.combine(day, time.max, tzinfo=UTC)
    text = page.content.decode()
    assert f"geo@1 is deprecated: Python ends. It ends on {day}. Use wide@1 instead." in text
    assert '<a href="/environments/wide/1/">View wide@1</a>' in text
    assert f'href="{PAGE}">Change deprecation…</a>' in text
    launch = visitor(ana).get("/launch/?environment=geo@1").content.decode()
    assert f"It ends on {day}." in launch
    assert '<a href="/launch/?environment=wide@1">Use wide@1</a>' in launch


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"message": " "}, 422, "A reason is needed"),
        ({"ends": "soon"}, 422, "is not a date"),
        ({"ends": "2020-01-31"}, 422, "The end is over already"),
        ({"successor": "other", "other": "geo@1"}, 422, "It cannot replace itself"),
        ({"successor": "other", "other": "gone@3"}, 404, "There is no version gone@3"),
        ({"successor": "slim@1"}, 409, "is not the one that you saw"),
        ({"impact": ""}, 409, "is not the one that you saw"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    client: Client, given: dict[str, str], status: int, says: str
) -> None:
    """Also when another successor was chosen than the one whose impact was shown."""
    seen = token(client.get(PAGE).content)
    form = {"successor": "wide@1", "message": "Words that I typed", "ends": "2090-01-31", "impact": seen} | given
    answer = client.post(PAGE, form)
    assert answer.status_code == status
    text = answer.content.decode()
    assert says in words(answer.content)
    assert form["message"] in text
    assert f'value="{form["ends"]}"' in text
    assert checked(answer.content) == [form["successor"]]
    assert Version.objects.get(environment__slug="geo").status == "published"


def test_a_changed_impact_is_shown_and_can_be_confirmed(client: Client) -> None:
    """Somebody launches it between looking and confirming."""
    person("zoe")
    form = {"successor": "wide@1", "message": "Old.", "impact": token(client.get(PAGE).content)}
    launched("zoe")
    events = Event.objects.count()
    refused = client.post(PAGE, form)
    assert refused.status_code == 409
    assert "This page shows the impact as it is now." in words(refused.content)
    assert '<td class="strong">zoe</td>' in refused.content.decode()
    assert Event.objects.count() == events
    assert client.post(PAGE, form | {"impact": token(refused.content)}).status_code == 302


def test_the_impact_is_shown_again_without_saving(client: Client) -> None:
    """The button and the script send the form with `show`; what was typed stays."""
    form = {"successor": "slim@1", "message": "Half a sen", "ends": "2090-01-31", "show": "1"}
    answer = client.post(PAGE, form)
    assert answer.status_code == 200
    assert checked(answer.content) == ["slim@1"]
    assert "Half a sen" in answer.content.decode()
    assert "50 % covered" in words(answer.content)
    assert "?successor=slim@1&amp;people-sort" not in answer.content.decode()  # nobody has launched it
    launched("ana")
    assert "successor=slim@1&amp;people-sort=" in client.post(PAGE, form).content.decode()


def test_a_deprecation_is_changed_and_lifted(ben: Actor, client: Client) -> None:
    """The page starts with its values; saving them unchanged records nothing."""
    end = datetime(2090, 1, 31, 12, tzinfo=UTC)
    deprecate(ben, "geo", 1, reason="Old.", successor="slim", ends_at=end)
    answer = client.get(PAGE)
    assert checked(answer.content) == ["slim@1"]
    assert 'value="2090-01-31"' in answer.content.decode()
    assert "Old.</textarea>" in answer.content.decode()
    form = {"successor": "slim@1", "message": "Old.", "ends": "2090-01-31", "impact": token(answer.content)}
    events = Event.objects.count()
    assert client.post(PAGE, form).status_code == 302
    assert Event.objects.count() == events
    assert find_version(ben, "geo", 1).ends_at == end
    form |= {"ends": "", "message": "Older."}
    text = client.post(PAGE, form, follow=True).content.decode()
    assert "The deprecation of geo@1 is saved." in text
    version = find_version(ben, "geo", 1)
    assert (version.ends_at, version.reason) == (None, "Older.")
    assert client.post("/environments/geo/1/restore").status_code == 302
    assert find_version(ben, "geo", 1).status == "published"


def test_people_and_projects_export(ana: Actor, client: Client) -> None:
    """All of them, not only those of the page."""
    for number in range(30):
        person(f"p{number:02}")
        launched(f"p{number:02}", number)
    project(ana, "figures", "geo@1")
    page = client.get(f"{PAGE}?people-sort=-last").content.decode()
    assert page.count('<td class="strong">p') == 10
    rows = list(csv.DictReader(io.StringIO(_file(client.get(f"{PAGE}?people-format=csv")))))
    assert len(rows) == 30
    assert date.fromisoformat(rows[0]["last"]) <= timezone.now().date()
    assert '"project": "figures"' in _file(client.get(f"{PAGE}?projects-format=json"))


def _file(answer: Any) -> str:  # noqa: ANN401 - a streamed response
    return b"".join(answer.streaming_content).decode()


def test_who_may_not_deprecate(ana: Actor, ben: Actor, client: Client) -> None:
    """Members see no impact; drafts and retired versions have no such page."""
    assert visitor(ana).get(PAGE).status_code == 403
    assert "Deprecate…" not in visitor(ana).get("/environments/geo/1/").content.decode()
    draft(ben, "own")
    assert client.get("/environments/own/1/deprecate").status_code == 409
    draft(ana, "hers")
    assert client.get("/environments/hers/1/deprecate").status_code == 404
