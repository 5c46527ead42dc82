"""The compare page: who sees which sides, what stands in the address, and how long it takes."""

from __future__ import annotations

import pytest
from django.test import Client
from support.people import built, draft, lock_of, person, published, visitor
from support.tables import exported, first_cells

from assay.core.roles import Actor, Role
from assay.flow.people import find_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return a member with two versions of `geo` published, and a draft that only she sees."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six", "idna"], {"six": "1.16.0", "idna": "2.8", "certifi": "2024.1"})
    published(ana, ben, "geo", ["six", "idna"], {"six": "1.17.0", "idna": "3.7", "certifi": "2024.1"})
    draft(ana, "own")
    built(ana, "own", lock=lock_of({"six": "1.17.0", "rich": "13.0"}))
    return ana


def text_of(client: Client, address: str) -> str:
    """Return a page's words."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.get("Location"))
    return answer.content.decode()


def test_only_what_differs_is_shown_first(ana: Actor) -> None:
    """Changed libraries with both versions; the same ones only when asked for; each filter narrows."""
    client = visitor(ana)
    address = "/compare?versions=geo@1,geo@2"
    text = text_of(client, address)
    assert "1.16.0" in text
    assert "1.17.0" in text
    assert "certifi" not in text
    assert "certifi" in text_of(client, f"{address}&everything=1")
    majors = text_of(client, f"{address}&major=1")
    assert "3.7" in majors
    assert "1.17.0" not in majors
    assert "No library matches these filters" in text_of(client, f"{address}&index=1")


def test_the_address_names_versions(ana: Actor) -> None:
    """A name alone, a version twice, or one that is added lead to an address that stays true."""
    client = visitor(ana)
    for given in ("versions=geo@1,geo", "versions=geo@1&versions=geo@2&versions=geo@1", "versions=geo@1&add=geo"):
        answer = client.get(f"/compare?{given}")
        if answer.status_code == 302:
            assert answer["Location"] == "/compare?versions=geo@1,geo@2"
        else:
            assert "from geo@1 to geo@2" in answer.content.decode()
    kept = client.get("/compare?versions=geo@1&add=geo@2&direct=1&evil=1")["Location"]
    assert kept == "/compare?versions=geo@1,geo@2&direct=1"


def test_own_drafts_are_compared_and_others_are_not_found(ana: Actor) -> None:
    """Any side that one may see; what one may not see is not there, and nothing of it is told."""
    address = "/compare?versions=geo@2,own@1"
    assert "rich" in text_of(visitor(ana), address)
    eve = visitor(person("eve"))
    answer = eve.get(address)
    assert answer.status_code == 404
    assert "rich" not in answer.content.decode()
    told = eve.get("/compare?versions=geo@1&add=own@1", follow=True).content.decode()
    assert "There is no" in told
    assert "own@1" not in text_of(eve, "/compare")
    assert "own@1" in text_of(visitor(ana), "/compare")


def test_one_side_offers_what_is_near(ana: Actor) -> None:
    """The last published version, the base and the nearest are one click away; six sides are too many."""
    text = text_of(visitor(ana), "/compare?versions=own@1")
    assert "/compare?versions=own@1,geo@" in text
    assert "alike" in text
    assert "last published" in text_of(visitor(ana), "/compare?versions=geo@2")


def test_copies_are_texts_of_their_own(ana: Actor) -> None:
    """Markdown and JSON say what the page says."""
    client = visitor(ana)
    markdown = client.get("/compare?versions=geo@1,geo@2&as=markdown")
    assert markdown["Content-Type"].startswith("text/plain")
    assert "| **six** | 1.16.0 | 1.17.0 | minor upgraded |" in markdown.content.decode()
    found = client.get("/compare?versions=geo@1,geo@2&as=json").json()
    assert found["summary"] == "+0 \N{MINUS SIGN}0 ~2"


def test_libraries_sort_and_export_as_they_are_filtered(ana: Actor) -> None:
    """By name, by a side, by size; filters keep the order, and the file holds what the page shows."""
    client, address = visitor(ana), "/compare?versions=geo@1,geo@2&everything=1"
    assert first_cells(client.get(f"{address}&sort=-library")) == ["six", "idna", "certifi"]
    assert first_cells(client.get(f"{address}&sort=geo@2")) == ["six", "idna", "certifi"]
    text = text_of(client, f"{address}&sort=-library")
    assert "/compare?versions=geo@1,geo@2&amp;everything=1&amp;direct=1&amp;sort=-library" in text
    rows = exported(client.get("/compare?versions=geo@1,geo@2&sort=library&format=csv"))
    assert [(row["library"], row["geo@1"], row["geo@2"]) for row in rows] == [
        ("idna", "2.8", "3.7"),
        ("six", "1.16.0", "1.17.0"),
    ]
    assert [row["change"] for row in rows] == ["upgraded major", "upgraded minor"]


def test_five_versions_of_four_hundred_libraries_are_shown(ana: Actor) -> None:
    """All differ in all versions, which is the most that a comparison can show."""
    ben = find_actor("ben")
    for number in range(1, 6):
        pins = {f"library-{one}": f"{number}.{one}" for one in range(400)}
        published(ana, ben, "wide", ["library-1"], pins)
    client = visitor(ana)
    address = "/compare?versions=" + ",".join(f"wide@{number}" for number in range(1, 6))
    assert text_of(client, address).count("data-row") == 400


def find_actor(name: str) -> Actor:
    """Return somebody who is there already."""
    from assay.flow.access import actor_in  # noqa: PLC0415 - only here

    return actor_in(find_person(name), "default")
