"""The merge page, its plan, and the confirmation that deprecates what was merged; the same by API and command."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from support.index import LocalIndex
from support.people import built, lock_of, person, published, visitor

from assay.core.maintenance.merge_plan import By
from assay.core.roles import Actor, Right, Role
from assay.flow.access import find_reference
from assay.flow.maintenance.merge import create_merge
from assay.flow.people import create_token, find_person
from assay.flow.retire import deprecate
from assay.flow.review import review
from assay.store.models import Launch, LibraryUse, Version
from assay.store.reads.compared_versions import predecessor

pytestmark = pytest.mark.django_db
PAGE = "/admin/merge"
API = "/api/v1/workspaces/default"


@pytest.fixture(autouse=True)
def index(settings: Any) -> Iterator[LocalIndex]:  # noqa: ANN401 - pytest-django's settings
    """Serve frame in two versions, what needs the older one, and a library of its own."""
    index = LocalIndex()
    for version in ("1.5.0", "2.1.0"):
        index.add("frame", version)
    index.add("old", "1.0", requires=("frame<2",))
    index.add("sole", "1.0")
    settings.INDEX_URL = index.url
    yield index
    index.close()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def both(ana: Actor, ben: Actor) -> tuple[Version, Version]:
    """Publish ds, which ana used today, and viz, which has an older frame."""
    one = published(ana, ben, "ds", ["frame>=2", "sole"], {"frame": "2.1.0", "sole": "1.0"})
    other = published(ana, ben, "viz", ["frame"], {"frame": "1.5.0"})
    Launch.objects.create(
        person_id=ana.id,
        environment=one.environment,
        version=one,
        kind="studio",
        digest=one.digest,
        target_id="one",
        started_at=timezone.now(),
    )
    return one, other


def view(client: Client, address: str) -> str:
    """Return a page's words, without its markup."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return text_of(answer.content)


def text_of(content: bytes) -> str:
    """Return the words of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", content.decode()).split())


@pytest.mark.usefixtures("both")
def test_environments_are_chosen_one_by_one(ana: Actor) -> None:
    """A name stands for its active version; what cannot be added gives a message; the plan is loaded afterwards."""
    client = visitor(ana)
    assert "Add two environments" in view(client, PAGE)
    answer = client.get(f"{PAGE}?add=ds")
    assert answer["Location"] == f"{PAGE}?versions=ds@1"
    assert "Add one more environment" in view(client, answer["Location"])
    assert client.get(f"{PAGE}?versions=ds@1&add=viz")["Location"] == f"{PAGE}?versions=ds@1,viz@1"
    missing = client.get(f"{PAGE}?versions=ds@1&add=nothing", follow=True)
    assert "There is no environment" in missing.content.decode()
    page = client.get(f"{PAGE}?versions=ds@1,viz@1").content.decode()
    assert f'hx-get="{PAGE}/plan?versions=ds@1,viz@1"' in page
    assert "resolved=1" in page
    assert client.get(f"{PAGE}?versions=ds@1,viz@1&by=luck").status_code == 422
    assert client.get(f"{PAGE}?versions=ds@1,viz@1&take=frame").status_code == 422


def test_at_most_five(ana: Actor, ben: Actor) -> None:
    """The sixth is not taken."""
    for slug in ("aa", "bb", "cc", "dd", "ee", "ff"):
        published(ana, ben, slug, ["frame"], {"frame": "2.1.0"})
    names = ",".join(f"{one}@1" for one in ("aa", "bb", "cc", "dd", "ee"))
    answer = visitor(ana).get(f"{PAGE}?versions={names}&add=ff", follow=True)
    assert "You can merge up to 5 environments." in answer.content.decode()
    assert answer.redirect_chain[-1][0] == f"{PAGE}?versions={names}"


def test_the_plan_has_a_table_for_each_source(
    ana: Actor, both: tuple[Version, Version], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Who uses it, what moves, what is gained; the number of queries does not depend on the libraries."""
    client = visitor(ana)
    with django_assert_max_num_queries(26):
        text = view(client, f"{PAGE}/plan?versions=ds@1,viz@1")
    assert "1 person in 90 days" in text
    assert "frame 1.5.0 2.1.0 ▲ major" in text
    assert "1 gained sole" in text
    assert "2 direct libraries frame&gt;=2 ds@1, viz@1 sole ds@1" in text
    assert "Nothing is lost, and no version changes." not in text  # the fake locks name another index
    LibraryUse.objects.create(version=both[0], library="", day=timezone.now().date(), sessions=1)
    LibraryUse.objects.create(version=both[0], library="frame", day=timezone.now().date(), sessions=1)
    imported = view(client, f"{PAGE}?versions=ds@1,viz@1&by=imported&resolved=1")
    assert "1 requirement not taken over sole of ds@1: not imported in 90 days" in imported
    assert "No session has recorded its imports in 90 days, so all of its direct libraries count." in imported
    left = view(client, f"{PAGE}/plan?versions=ds@1,viz@1&leave=frame")
    assert "People import frame; the draft lacks it." in left
    assert "frame is left out. Take back" in left


def test_what_stands_in_the_way_is_decided_by_links(ana: Actor, ben: Actor) -> None:
    """Each decision is an address; decisions can be taken back; a conflict comes with those that resolve."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0"})
    published(ana, ben, "viz", ["frame<2"], {"frame": "1.5.0"})
    published(ana, ben, "legacy", ["old"], {"old": "1.0", "frame": "1.5.0"})
    client = visitor(ana)
    page = client.get(f"{PAGE}/plan?versions=ds@1,viz@1").content
    assert "ds@1 asks for frame&gt;=2 viz@1 asks for frame&lt;2" in text_of(page)
    assert b'href="/admin/merge?versions=ds@1,viz@1&amp;take=frame:ds@1">Take frame&gt;=2 of ds@1' in page
    assert b'href="/admin/merge?versions=ds@1,viz@1&amp;leave=frame">Leave frame out' in page
    taken = client.get(f"{PAGE}?versions=ds@1,viz@1&take=frame:ds@1&resolved=1").content.decode()
    assert "requirement not met" in taken
    assert "Only the requirement of ds@1 on frame counts." in taken
    conflict = client.get(f"{PAGE}/plan?versions=ds@1,legacy@1").content.decode()
    assert "The libraries conflict" in conflict
    assert "Leave old out, which legacy@1 asks for" in conflict
    assert "Create draft</button>" not in conflict
    refused = view(client, f"{PAGE}/plan?versions=ds@1")
    assert "two to five versions" in refused
    python = view(client, f"{PAGE}?versions=ds@1,legacy@1&leave=old&python=3.11&resolved=1")
    assert "Python 3.11 is chosen. Take back" in python


@pytest.mark.usefixtures("both")
def test_the_draft_is_created_by_the_form(ana: Actor) -> None:
    """After an error the page shows it, with what was typed."""
    client = visitor(ana)
    form = {"versions": "ds@1,viz@1", "slug": "Desk", "title": "One desk"}
    refused = client.post(PAGE, form)
    assert refused.status_code == 422
    assert "is not a short name" in refused.content.decode()
    assert 'value="One desk"' in refused.content.decode()
    answer = client.post(PAGE, form | {"slug": "desk"}, follow=True)
    assert "desk@1 is a draft. Build it, then submit it for review." in answer.content.decode()
    assert find_reference(ana, "desk@1").parsed_spec.libraries == ("frame>=2", "sole")
    assert visitor(person("vic", Role.VIEWER)).get(PAGE).status_code == 403


def submitted(author: Actor) -> Version:
    """Merge both, build and submit the draft."""
    create_merge(author, ["ds@1", "viz@1"], By.ASKED, slug="desk", title="Desk")
    built(author, "desk", 1, lock_of({"frame": "2.1.0", "sole": "1.0"}))
    return review.submit(author, "desk", 1, "please")


@pytest.mark.usefixtures("both")
def test_the_confirmation_lists_whom_it_concerns(ana: Actor, ben: Actor) -> None:
    """One approval publishes the merge and deprecates its sources; what changed meanwhile stays and is told."""
    version, client = submitted(ana), visitor(ben)
    text = view(client, "/environments/desk/1/review")
    assert "Publishing deprecates the merged environments, with desk@1 as their successor:" in text
    assert "ds@1 \N{EN DASH} 1 person in 90 days (ana); no project" in text
    assert predecessor(version) == find_reference(ana, "ds@1")
    deprecate(ben, "viz", 1, reason="other plans")
    assert "viz@1 stays as it is: it is deprecated already" in view(client, "/environments/desk/1/review")
    day = (timezone.now() + timedelta(days=30)).date()
    form = {"digest": version.digest, "replaces": "1", "source": "ds@1", "message": "Use the desk.", "ends": str(day)}
    wrong = client.post("/environments/desk/1/approve", form | {"ends": "soon"})
    assert wrong.status_code == 422
    told = client.post("/environments/desk/1/approve", form, follow=True).content.decode()
    assert "ds@1 is deprecated; its successor is desk@1." in told
    assert "viz@1 is left as it is: it is deprecated." in told
    found = find_reference(ana, "ds@1")
    assert (found.reason, found.successor, found.ends_at.date() if found.ends_at else None) == (
        "Use the desk.",
        "desk@1",
        day,
    )
    assert "Deprecated when desk@1 was published" in view(client, "/environments/desk/1/review")


@pytest.mark.usefixtures("both")
def test_what_the_page_did_not_show_stays(ana: Actor, ben: Actor) -> None:
    """A source that became published again after the page was loaded is not deprecated without being confirmed."""
    version = submitted(ana)
    form = {"digest": version.digest, "replaces": "1", "source": "viz@1"}
    visitor(ben).post("/environments/desk/1/approve", form)
    assert [find_reference(ana, name).status for name in ("ds@1", "viz@1")] == ["published", "deprecated"]


def api(actor: Actor) -> Any:  # noqa: ANN401 - a function for the API
    """Return a function that calls the API as somebody."""
    token = create_token(find_person(actor.name), "tests", scope=Right.ADMINISTER).secret

    def call(method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = Client(headers={"host": "127.0.0.1", "Authorization": f"Bearer {token}"}).generic(
            method, API + path, json.dumps(body) if body is not None else "", "application/json"
        )
        return answer.status_code, answer.json()

    return call


@pytest.mark.usefixtures("both")
def test_the_same_by_the_api(ana: Actor, ben: Actor) -> None:
    """The plan, the draft, and the approval, which tells what is deprecated."""
    call = api(ana)
    status, plan = call("GET", "/merge/plan?versions=ds,viz")
    assert (status, plan["versions"], plan["python"], plan["error"]) == (200, ["ds@1", "viz@1"], "3.11", None)
    (_, viz) = plan["merged"]["sources"]
    assert (viz["gain"], viz["change"][0]["versions"]) == (["sole"], ["1.5.0", "2.1.0"])
    status, made = call("POST", "/merge", {"versions": ["ds", "viz"], "slug": "desk", "title": "Desk", "by": "asked"})
    assert (status, made["reference"], made["status"]) == (201, "desk@1", "draft")
    assert [one["environment"] for one in made["merges"]] == ["ds@1", "viz@1"]
    assert call("POST", "/merge", {"versions": ["ds", "viz"], "slug": "desk", "title": "Desk"})[0] == 409
    assert call("POST", "/merge", {"versions": ["ds"], "slug": "one", "title": "One"})[1]["path"] == "versions"
    assert call("POST", "/merge", {"versions": ["ds", "viz"], "slug": "a1", "by": "luck"})[0] == 422
    version = built(ana, "desk", 1, lock_of({"frame": "2.1.0", "sole": "1.0"}))
    review.submit(ana, "desk", 1, "please")
    shown = api(ben)("GET", "/environments/desk/versions/1/review")[1]["merges"]
    assert [(one["environment"], one["people"], one["stays"]) for one in shown] == [
        ("ds@1", ["ana"], None),
        ("viz@1", [], None),
    ]
    ends = "2099-06-30T00:00:00Z"
    body = {"digest": version.digest, "message": "Use the desk.", "ends": ends, "sources": ["ds@1", "viz@1"]}
    approve = "/environments/desk/versions/1/approve"
    assert api(ben)("POST", approve, body | {"ends": "2099-06-30T00:00:00"})[0] == 422
    status, after = api(ben)("POST", approve, body)
    assert (status, after["status"]) == (200, "published")
    assert after["merges"][0] == {"environment": "ds@1", "status": "deprecated", "successor": "desk@1", "ends": ends}


def test_a_plan_that_does_not_resolve_by_the_api(ana: Actor, ben: Actor) -> None:
    """What excludes each other, and decisions that resolve a conflict."""
    published(ana, ben, "ds", ["frame>=2"], {"frame": "2.1.0"})
    published(ana, ben, "viz", ["frame<2"], {"frame": "1.5.0"})
    published(ana, ben, "legacy", ["old"], {"old": "1.0", "frame": "1.5.0"})
    call = api(ana)
    excluded = call("GET", "/merge/plan?versions=ds,viz")[1]
    assert excluded["merged"] is None
    assert excluded["exclusions"] == [
        {
            "name": "frame",
            "wanted": [{"version": "ds@1", "line": "frame>=2"}, {"version": "viz@1", "line": "frame<2"}],
        }
    ]
    conflict = call("GET", "/merge/plan?versions=ds,legacy")[1]
    assert conflict["error"]["detail"]
    assert conflict["fixes"] == [{"leave": ["frame"]}, {"leave": ["old"]}]
    decided = call("GET", "/merge/plan?versions=ds,viz&take=frame:ds@1&leave=other")[1]
    assert decided["merged"]["libraries"] == [{"name": "frame", "version": "2.1.0"}]
    assert decided["unmet"] == [
        {"version": "viz@1", "name": "frame", "line": "frame<2", "reason": "another requirement was chosen"}
    ]
