"""`/consistency`: what is live where."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from support.people import person, published

from assay.core.roles import Actor, Right, Role
from assay.flow.people import create_token, find_person

pytestmark = pytest.mark.django_db


def get(actor: Actor, path: str) -> Any:  # noqa: ANN401 - JSON
    """GET below the workspace."""
    secret = create_token(find_person(actor.name), "tests", scope=Right.ADMINISTER).secret
    return Client(headers={"authorization": f"Bearer {secret}"}).get(f"/api/v1/workspaces/default{path}").json()


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
