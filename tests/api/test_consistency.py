"""`/consistency`, `/duplicates` and `…/waiting`: what is live where, what is there twice, what waits together."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from support.index import LocalIndex
from support.people import built, draft, lock_of, person, published

from assay.api.pagination import encode_cursor
from assay.core.roles import Actor, Right, Role
from assay.flow.people import create_token, find_person
from assay.flow.review import review

pytestmark = pytest.mark.django_db


ROOT = "/api/v1/workspaces/default"


def client(actor: Actor) -> Client:
    """Return somebody's client."""
    secret = create_token(find_person(actor.name), "tests", scope=Right.ADMINISTER).secret
    return Client(headers={"authorization": f"Bearer {secret}"})


def get(actor: Actor, path: str) -> Any:  # noqa: ANN401 - JSON
    """GET below the workspace."""
    return client(actor).get(ROOT + path).json()


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def test_libraries_that_diverge(ana: Actor, ben: Actor) -> None:
    """The newest published version of each environment counts; what all hold alike is left out."""
    published(ana, ben, "ds", ["pandas"], {"pandas": "1.5", "six": "1.17", "attrs": "25.1"})
    published(ana, ben, "ds", ["pandas>=2.2"], {"pandas": "2.2", "six": "1.17", "attrs": "25.1"})
    published(ana, ben, "geo", ["pandas<2"], {"pandas": "1.5", "six": "1.17", "attrs": "24.2"})
    published(ana, ben, "web", ["pandas"], {"pandas": "2.2", "six": "1.17"})
    found = get(ana, "/consistency")
    assert found["next"] is None
    attrs, pandas = found["items"]
    assert (attrs["library"], attrs["spread"], attrs["conflict"]["exclusions"]) == ("attrs", 2, [])
    assert pandas | {"conflict": None} == {
        "library": "pandas",
        "environments": 3,
        "spread": 2,
        "step": "major",
        "common": "2.2",
        "versions": [
            {"version": "2.2", "count": 2, "environments": ["ds@2", "web@1"]},
            {"version": "1.5", "count": 1, "environments": ["geo@1"]},
        ],
        "outliers": ["geo@1"],
        "conflict": None,
    }
    assert pandas["conflict"]["majors"] == {"2": ["ds@2", "web@1"], "1": ["geo@1"]}
    assert [(one["line"], one["version"]) for one in pandas["conflict"]["exclusions"]] == [
        ("pandas<2", "2.2"),
        ("pandas>=2.2", "1.5"),
    ]


def test_pages_and_filters(ana: Actor, ben: Actor) -> None:
    """All libraries, one, or those that conflict; page by page."""
    published(ana, ben, "ds", ["pandas"], {"pandas": "2.1", "six": "1.17", "attrs": "24.1"})
    published(ana, ben, "geo", ["pandas"], {"pandas": "2.2", "six": "1.17", "attrs": "25.1"})
    names = [row["library"] for row in get(ana, "/consistency?diverging=false")["items"]]
    assert names == ["attrs", "pandas", "six"]
    assert [row["library"] for row in get(ana, "/consistency?conflicts=true")["items"]] == ["attrs"]
    assert [row["library"] for row in get(ana, "/consistency?library=Six")["items"]] == ["six"]
    assert get(ana, "/consistency?library=nobody")["items"] == []
    first = get(ana, "/consistency?limit=1")
    second = get(ana, f"/consistency?limit=1&cursor={first['next']}")
    assert [row["library"] for row in first["items"] + second["items"]] == ["attrs", "pandas"]
    assert second["next"] is None


def test_moves_are_proposed_and_drafted(ana: Actor, ben: Actor, settings: Any) -> None:  # noqa: ANN401 - a fixture
    """Each environment with whether it can move, why not, what else would move, and its draft."""
    index = LocalIndex()
    index.add("frame", "2.2.3")
    settings.INDEX_URL = index.url
    published(ana, ben, "ds", ["frame"], {"frame": "1.5.0"})
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    body = {"library": "Frame", "version": "2.2", "environments": ["ds@1", "geo@1"], "create": True}
    answer = client(ana).post(f"{ROOT}/consistency/propose", body, content_type="application/json")
    index.close()
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "library": "frame",
        "pin": "frame==2.2.*",
        "items": [
            {
                "environment": "ds@1",
                "possible": True,
                "reason": "",
                "moves": [{"name": "frame", "versions": ["1.5.0", "2.2.3"], "change": "upgraded", "step": "major"}],
                "draft": "ds@2",
            },
            {
                "environment": "geo@1",
                "possible": False,
                "reason": "geo@1 does not contain frame.",
                "moves": [],
                "draft": None,
            },
        ],
    }
    assert get(ana, "/environments/ds/versions/2")["spec"]["libraries"] == ["frame==2.2.*"]


def test_resolving_names_the_nearest(ana: Actor, ben: Actor, settings: Any) -> None:  # noqa: ANN401 - a fixture
    """Whoever composes sees at once what is there already."""
    index = LocalIndex()
    index.add("frame", "2.2.3")
    settings.INDEX_URL = index.url
    published(ana, ben, "ds", ["frame>=2", "six"], {"frame": "2.1.0", "six": "1.17.0"})
    body = {"python": "3.11", "libraries": ["frame"]}
    answer = client(ana).post(f"{ROOT}/resolve", body, content_type="application/json").json()
    index.close()
    (found,) = answer["nearest"]["items"]
    assert (found["reference"], found["covers"], found["missing"], found["extra"]) == ("ds@1", True, [], 1)


def test_duplicates(ana: Actor, ben: Actor) -> None:
    """Near-identical environments stand together, with what merging gives and takes."""
    pins = {f"lib{number}": "1.0" for number in range(20)}
    published(ana, ben, "ds", ["lib1"], pins | {"more": "1"})
    published(ana, ben, "ds-two", ["lib1"], pins)
    published(ana, ben, "ds-three", ["lib1>=1.1"], pins | {"lib2": "1.1"})
    published(ana, ben, "other", ["six"], {"six": "1"})
    (group,) = get(ana, "/duplicates")["items"]
    assert (group["environments"], group["keep"]) == (["ds-three@1", "ds-two@1", "ds@1"], "ds@1")
    three, two = group["members"]
    assert two == {
        "environment": "ds-two@1",
        "identical": False,
        "counts": {"gain": 1, "lose": 0, "change": 0},
        "gain": ["more"],
        "lose": [],
        "change": [],
        "unserved": [],
        "people_30d": 0,
    }
    assert three["change"] == [{"name": "lib2", "versions": ["1.1", "1.0"], "step": "minor"}]
    assert three["unserved"] == ["lib1"]
    published(ana, ben, "ds-two", ["lib1", "lib2"], pins | {"more": "1"})
    (group,) = get(ana, "/duplicates")["items"]
    assert {group["keep"], *(one["environment"] for one in group["members"] if one["identical"])} == {
        "ds@1",
        "ds-two@2",
    }
    assert get(ana, "/duplicates?limit=1")["next"] is None
    assert get(ana, f"/duplicates?cursor={encode_cursor('1')}")["path"] == "cursor"
    for path in ("/duplicates", "/reviews"):
        assert get(ben, f"{path}?cursor={encode_cursor('x')}")["path"] == "cursor"


def test_who_waits_for_the_same_new_library(ana: Actor, ben: Actor) -> None:
    """Two submissions that bring a library nobody has yet show each other, to whoever may see both."""
    eve = person("eve")
    published(ana, ben, "ds", ["six"], {"six": "1"})
    for actor, slug, pins in ((ana, "one", {"six": "1", "new": "1.0"}), (eve, "two", {"six": "1", "new": "1.1"})):
        draft(actor, slug, "new")
        built(actor, slug, lock=lock_of(pins))
        review.submit(actor, slug, 1, "")
    assert get(ben, "/environments/one/versions/1/waiting")["items"] == [
        {
            "library": "new",
            "version": "1.0",
            "direct": True,
            "also": [{"environment": "two@1", "version": "1.1"}],
        }
    ]
    assert get(ana, "/environments/one/versions/1/waiting")["items"] == []  # another's submission is not hers to see
    approved = get(ben, "/environments/two/versions/1")["digest"]
    review.approve(ben, "two", 1, digest=approved)
    assert get(ben, "/environments/one/versions/1/waiting")["items"] == []
