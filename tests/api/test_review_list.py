"""The review list, kept versions, renewals and owners over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from support.caller import Caller
from support.people import person, published

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Role
from assay.flow.access import find_environment, find_version
from assay.flow.maintenance import review_list
from assay.flow.people import set_workspace
from assay.store.models import Version

pytestmark = pytest.mark.django_db
LIST = "/review-list"
People = tuple[Actor, Actor, Actor]


@pytest.fixture
def people() -> People:
    """Return a member, a reviewer and an administrator; geo@1, geo@2 and web@1 are old and listed."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six>=1.17"], {"six": "1.17.0"})
    published(ana, ben, "web", ["flask"], {"flask": "3.0"})
    Version.objects.update(published_at=timezone.now() - timedelta(days=200))
    review_list.refresh(ana.workspace_id)
    return ana, ben, eva


def test_the_list(people: People) -> None:
    """As the contract has it, filtered and paged; not for members."""
    ana, ben, _ = people
    caller = Caller(ben)
    page = caller.get(f"{LIST}?limit=2").json()
    rows = page["items"] + caller.get(f"{LIST}?limit=2&cursor={page['next']}").json()["items"]
    assert sorted(one["reference"] for one in rows) == ["geo@1", "geo@2", "web@1"]
    (row,) = caller.get(f"{LIST}?reason=superseded").json()["items"]
    assert (row["environment"], row["version"], row["people"], row["projects"], row["derived"]) == ("geo", 1, 0, 0, 0)
    assert {"kind", "since", "words"} == set(row["reasons"][0])
    assert row["proposal"] == {"action": "deprecate", "successor": "geo@2", "words": "Deprecate for geo@2"}
    assert row["frees"] > 0
    assert {"pk", "revision"}.isdisjoint(row)
    assert [one["reference"] for one in caller.get(f"{LIST}?text=web&owner=ana").json()["items"]] == ["web@1"]
    assert caller.get(f"{LIST}?reason=nonsense").status_code == 422
    assert Caller(ana).get(LIST).status_code == 403


def test_keep(people: People) -> None:
    """Until a day, with who said so; then no longer."""
    caller = Caller(people[1])
    until = str(timezone.now().date() + timedelta(days=30))
    kept = caller.post(f"{LIST}/keep", {"environment": "geo@1", "until": until, "reason": "Report."}).json()
    assert (kept["reference"], kept["until"], kept["by"], kept["reason"]) == ("geo@1", until, "ben", "Report.")
    assert len(caller.get(LIST).json()["items"]) == 2
    (row,) = caller.get(f"{LIST}?kept=true").json()["items"]
    assert (row["kept"]["by"], row["kept"]["until"]) == ("ben", until)
    assert (
        caller.post(f"{LIST}/keep", {"environment": "geo@1", "until": "2020-01-01", "reason": "x"}).status_code == 422
    )
    assert caller.post(f"{LIST}/keep/end", {"environment": "geo@1"}).json() == {"reference": "geo@1"}
    assert caller.post(f"{LIST}/keep/end", {"environment": "geo@1"}).status_code == 404


def test_actions_with_many_versions(people: People) -> None:
    """Planned first; done for what was seen, or not at all."""
    ana, ben, _ = people
    caller = Caller(ben)
    plan = caller.post(f"{LIST}/plan", {"action": "deprecate", "versions": ["geo@1", "web@1", "none@1"]}).json()
    assert [(one["reference"], one["successor"], one["problem"]) for one in plan["items"]] == [
        ("geo@1", "geo@2", None),
        ("web@1", None, None),
    ]
    assert (plan["gone"], plan["confirmation"]) == (["none@1"], None)
    seen = {one["reference"]: one["token"] for one in plan["items"]}
    body = {"action": "deprecate", "seen": seen, "reason": "Clean up."}
    assert caller.post(f"{LIST}/actions", {**body, "seen": seen | {"web@1": "other"}}).status_code == 409
    assert find_version(ben, "geo", 1).status == Status.PUBLISHED
    done = caller.post(f"{LIST}/actions", body).json()
    assert (done["done"], done["left"]) == (["geo@1", "web@1"], [])
    assert find_version(ben, "geo", 1).successor == "geo@2"
    assert caller.post(f"{LIST}/plan", {"action": "retire", "versions": ["geo@1"]}).status_code == 403
    assert caller.post(f"{LIST}/plan", {"action": "explode", "versions": ["geo@1"]}).status_code == 422
    assert Caller(ana).post(f"{LIST}/plan", {"action": "keep", "versions": ["geo@1"]}).status_code == 403


def test_rules(people: People) -> None:
    """Read by reviewers, set by administrators, compared with what was seen."""
    _, ben, eva = people
    before = Caller(ben).get(f"{LIST}/rules").json()["rules"]
    assert before["unused"] == {"on": True, "days": 90}
    body = {"rules": {"unused": {"on": True, "days": 300}, "superseded": {"on": False}}, "seen": before}
    assert Caller(ben).put(f"{LIST}/rules", body).status_code == 403
    assert Caller(eva).put(f"{LIST}/rules", body).json()["rules"]["unused"]["days"] == 300
    assert Caller(eva).put(f"{LIST}/rules", body).status_code == 409
    assert Caller(eva).put(f"{LIST}/rules", {"rules": {"nothing": {}}}).status_code == 422
    assert Caller(ben).get(LIST).json()["items"] == []


def test_renewal(people: People) -> None:
    """What changed, and a renewal of what was seen; not by its author."""
    ana, ben, _ = people
    set_workspace("default", {"approval_days": 210})
    found = Caller(ana).get("/environments/geo/versions/2/renewal").json()
    assert (found["reference"], found["approval"]["expired"]) == ("geo@2", False)
    assert found["approval"]["words"] == "approval expires in 10 days"
    path = "/environments/geo/versions/2/renew"
    assert Caller(ana).post(path, {"reason": "Mine."}).status_code == 403
    assert Caller(ben).post(path, {"reason": "Good.", "digest": "0"}).status_code == 409
    assert Caller(ben).post(path, {"reason": ""}).status_code == 422
    renewed = Caller(ben).post(path, {"reason": "Good.", "digest": found["digest"]}).json()
    assert renewed["approval"]["ends"] == str(timezone.now().date() + timedelta(days=210))
    after = Caller(ana).get("/environments/geo/versions/2/renewal").json()
    assert [(one["by"], one["reason"]) for one in after["renewals"]] == [("ben", "Good.")]
    set_workspace("default", {"approval_days": 0})
    assert Caller(ana).get("/environments/geo/versions/2/renewal").json()["approval"] is None
    assert Caller(ana).get("/environments/none/versions/2/renewal").status_code == 404


def test_owner(people: People) -> None:
    """By the owner or an administrator."""
    ana, ben, eva = people
    assert Caller(ben).post("/environments/geo/owner", {"owner": "ben"}).status_code == 403
    assert Caller(ana).post("/environments/geo/owner", {"owner": "nobody"}).status_code == 404
    assert Caller(ana).post("/environments/geo/owner", {"owner": "ben", "seen": "eva"}).status_code == 409
    assert Caller(ana).post("/environments/geo/owner", {"owner": "ben", "seen": "ana"}).json()["owner"] == "ben"
    assert find_environment(eva, "geo").owner.username == "ben"
