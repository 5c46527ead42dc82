"""Roll-outs and active versions over the API."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from support.caller import Caller
from support.people import built, person
from support.rollouts import PILOT, rolled_out, server

from assay.core.roles import Actor, Role
from assay.flow.compose.draft import new_version
from assay.flow.maintenance import rollouts
from assay.flow.people import set_workspace
from assay.store.models import Version

pytestmark = pytest.mark.django_db
GEO = "/environments/geo"


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def eve() -> Actor:
    """Return a member, the pilot."""
    return person("eve")


@pytest.fixture
def pilot(ana: Actor, ben: Actor, eve: Actor) -> Version:
    """Publish geo@1 to everyone and geo@2 to eve first."""
    assert eve.name in PILOT.people
    rolled_out(ana, ben, "geo")
    return rolled_out(ana, ben, "geo", PILOT)


def test_a_submission_says_who_gets_it_first(ana: Actor, ben: Actor, eve: Actor) -> None:
    """The workspace's default when it says nothing; {} is everyone."""
    rolled_out(ana, ben, "geo")
    set_workspace("default", {"rollout": PILOT.to_dict()})
    for number, sent in ((2, {}), (3, {"rollout": {}}), (4, {"rollout": {"people": [eve.name], "days": 2}})):
        new_version(ana, "geo")
        built(ana, "geo", number)
        answer = Caller(ana).post(f"{GEO}/versions/{number}/submit", {"note": "", **sent})
        assert answer.status_code == 200, answer.content
        stored = answer.json()["review"]["rounds"][-1]["rollout"]
        expected = {2: PILOT.to_dict(), 3: {}, 4: {"people": ["eve"], "groups": [], "starts": 0, "days": 2}}
        assert stored == expected[number]
    new_version(ana, "geo")
    built(ana, "geo", 5)
    answer = Caller(ana).post(f"{GEO}/versions/5/submit", {"rollout": {"people": ["mallory"], "days": 2}})
    assert (answer.status_code, answer.json()["path"]) == (422, "people")


def test_documents_say_what_the_name_means(pilot: Version, ana: Actor, eve: Actor) -> None:
    """For an environment, its versions, and in the catalogue for each person."""
    found = Caller(ana).get(GEO).json()
    assert (found["active"], found["newest"], found["rollout"]["version"], found["rollout"]["state"]) == (
        1,
        2,
        2,
        "pilot",
    )
    assert [(one["version"], one["active"]) for one in found["versions"]] == [(2, False), (1, True)]
    assert Caller(ana).get(f"{GEO}/versions/1").json()["active"] is True
    rows = [Caller(one).get("/environments").json()["items"][0] for one in (ana, eve)]
    assert [(one["version"], one["pilot"], one["rollout"]) for one in rows] == [(1, None, "pilot"), (1, 2, "pilot")]
    kernels = [Caller(one).get("/kernels").json()["items"] for one in (ana, eve)]
    assert [one[0]["environment"] for one in kernels] == ["geo@1", "geo@2"]
    assert pilot.number == 2


def test_the_state_of_a_roll_out_and_what_reviewers_do(pilot: Version, ana: Actor, ben: Actor) -> None:
    """Compared with what the caller saw."""
    server(pilot)
    rollouts.advance()
    caller = Caller(ana)
    caller.get(GEO)
    with CaptureQueriesContext(connection) as seen:
        found = caller.get(f"{GEO}/rollout").json()
    assert len(seen) <= 6
    assert (found["starts"], found["failures"], found["members"], found["starts_needed"]) == (1, 0, ["eve"], 5)
    assert Caller(ana).post(f"{GEO}/rollout", {"action": "stop"}).status_code == 403
    halted = {"action": "resume", "reason": "x", "state": "halted"}
    assert Caller(ben).post(f"{GEO}/rollout", halted).status_code == 409
    assert Caller(ben).post(f"{GEO}/rollout", {"action": "explode"}).status_code == 422
    answer = Caller(ben).post(f"{GEO}/rollout", {"action": "stop", "version": 2, "state": "pilot", "reason": "No."})
    assert (answer.status_code, answer.json()["rollout"], answer.json()["active"]) == (200, None, 1)
    assert Caller(ben).post(f"{GEO}/rollout", {"action": "stop"}).status_code == 404
    assert Caller(ana).get(f"{GEO}/rollout").json()["message"] == "No."
    assert Caller(ana).get("/environments/none/rollout").status_code == 404


def test_a_reviewer_sets_the_active_version(pilot: Version, ana: Actor, ben: Actor) -> None:
    """409 when it is not what the caller saw, 403 for others, 422 without a reason."""
    body = {"version": 2, "reason": "Urgent.", "seen": 1}
    assert Caller(ana).post(f"{GEO}/active", body).status_code == 403
    assert Caller(ben).post(f"{GEO}/active", body | {"seen": 2}).status_code == 409
    assert Caller(ben).post(f"{GEO}/active", body | {"reason": ""}).status_code == 422
    assert Caller(ben).post(f"{GEO}/active", body | {"version": 9}).status_code == 404
    answer = Caller(ben).post(f"{GEO}/active", body)
    assert (answer.status_code, answer.json()["active"], answer.json()["rollout"]) == (200, 2, None)
    assert Caller(ben).post(f"{GEO}/active", {"version": 1, "reason": "Back."}).json()["active"] == 1
    assert pilot.number == 2


def test_an_environment_without_a_roll_out(ana: Actor, ben: Actor) -> None:
    """Has none to show."""
    rolled_out(ana, ben, "geo")
    assert Caller(ana).get(f"{GEO}/rollout").status_code == 404
