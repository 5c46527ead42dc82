"""What a reviewer asks of single libraries: kept with the decision, applied by the author with one click."""

from __future__ import annotations

import pytest
from django.test import Client
from support.people import built, draft, lock_of, person

from assay.core.errors import AssayError, ConflictError, InvalidInputError
from assay.core.review.requested_change import parse_requested_change
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.compose.draft import apply_requested_change
from assay.flow.people import create_token, find_person
from assay.flow.review import review
from assay.store.models import Event
from assay.store.reads.reviews import requested_changes_of

pytestmark = pytest.mark.django_db
API = "/api/v1/workspaces/default/environments/geo/versions/1"


@pytest.fixture
def people() -> tuple[Actor, Actor]:
    """Return ana, whose `geo@1` waits, and ben, who reviews."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    draft(ana, "geo", "six==1.16", "httpx<0.25")
    built(ana, "geo", lock=lock_of({"six": "1.16.0", "httpx": "0.24.1", "certifi": "2024.1"}))
    review.submit(ana, "geo", 1, "")
    return ana, ben


def test_an_edit_is_applied_and_then_done(people: tuple[Actor, Actor]) -> None:
    """Applying changes the spec as editing by hand does: it drops the lock and is recorded."""
    ana, ben = people
    changes = (
        parse_requested_change("httpx", kind="raise", to="0.27"),
        parse_requested_change("six", "is it needed?"),
    )
    review.reject(ben, "geo", 1, feedback="too old", libraries=changes)
    assert requested_changes_of(find_version(ana, "geo", 1)) == [
        (changes[0], False),
        (changes[1], False),
    ]
    after = apply_requested_change(ana, "geo", 1, changes[0])
    assert after.parsed_spec.libraries == ("six==1.16", "httpx>=0.27")
    assert after.lock is None
    assert requested_changes_of(after) == [(changes[0], True), (changes[1], False)]
    assert Event.objects.latest("sequence").name == "version.edited"
    assert apply_requested_change(ana, "geo", 1, changes[0]).revision == after.revision
    with pytest.raises(InvalidInputError, match="nothing to apply"):
        apply_requested_change(ana, "geo", 1, changes[1])


def test_what_cannot_be_applied_is_refused_to_the_reviewer(people: tuple[Actor, Actor]) -> None:
    """What came along cannot be dropped; the submission still waits."""
    _, ben = people
    with pytest.raises(ConflictError, match="certifi is not a direct library"):
        review.reject(ben, "geo", 1, feedback="no", libraries=(parse_requested_change("certifi", kind="drop"),))
    assert find_version(ben, "geo", 1).status == "pending"


def test_only_the_author_applies_and_only_to_a_draft(people: tuple[Actor, Actor]) -> None:
    """A frozen version stays as it is; somebody else does not even see the draft."""
    ana, ben = people
    ask = parse_requested_change("six", kind="drop")
    with pytest.raises(ConflictError):
        apply_requested_change(ana, "geo", 1, ask)
    review.reject(ben, "geo", 1, feedback="no", libraries=(ask,))
    with pytest.raises(AssayError):
        apply_requested_change(ben, "geo", 1, ask)
    assert apply_requested_change(ana, "geo", 1, ask).parsed_spec.libraries == ("httpx<0.25",)


def test_the_api_takes_and_applies_them(people: tuple[Actor, Actor]) -> None:
    """Words alone are still enough; an edit goes beside them, and is checked."""
    ana, ben = (Client(headers={"authorization": f"Bearer {token_of(one)}"}) for one in people)
    body = {"feedback": "no", "libraries": [{"name": "six", "edit": {"kind": "raise", "to": "newest"}}]}
    refused = ben.post(f"{API}/reject", body, content_type="application/json")
    assert (refused.status_code, refused.json()["path"]) == (422, "libraries")
    edit = {"kind": "swap", "to": "httpx2>=1"}
    body["libraries"] = [{"name": "httpx", "ask": "it is dead", "edit": edit}, {"name": "six", "ask": "why?"}]
    told = ben.post(f"{API}/reject", body, content_type="application/json").json()
    assert told["status"] == "draft"
    given = ana.get(API).json()["review"]["rounds"][0]["decisions"][0]["libraries"]
    assert given == [
        {"name": "httpx", "ask": "it is dead", "edit": edit},
        {"name": "six", "ask": "why?", "edit": None},
    ]
    after = ana.post(f"{API}/apply", given[0], content_type="application/json").json()
    assert after["spec"]["libraries"] == ["six==1.16", "httpx2>=1"]


def token_of(actor: Actor) -> str:
    """Return a token of a person."""
    return create_token(find_person(actor.name), "test").secret
