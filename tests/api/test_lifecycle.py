"""The impact of a version by API, and that each action on it compares the impact that was shown."""

from __future__ import annotations

import pytest
from django.utils import timezone
from support.caller import Caller
from support.people import person, published
from support.rollouts import project, server

from assay.core.roles import Actor, Role
from assay.store.models import Launch, Version

pytestmark = pytest.mark.django_db
ONE = "/environments/geo/versions/1"
People = tuple[Caller, Caller, Caller]


@pytest.fixture
def actors() -> tuple[Actor, Actor, Actor]:
    """Return a member, a reviewer and an administrator; geo@1 and new@1 are published; ana uses geo@1."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    version = published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.5", "plot": "3.0"})
    published(ana, ben, "new", ["frame"], {"frame": "2.0"})
    launched(version, ana)
    return ana, ben, eva


@pytest.fixture
def callers(actors: tuple[Actor, Actor, Actor]) -> People:
    """Return them with tokens."""
    ana, ben, eva = actors
    return Caller(ana), Caller(ben), Caller(eva)


def launched(version: Version, actor: Actor) -> None:
    """Let somebody have launched a version."""
    Launch.objects.create(
        person_id=actor.id,
        environment=version.environment,
        version=version,
        kind="kernel",
        digest=version.digest,
        target_id=actor.name,
        started_at=timezone.now(),
    )


def test_the_impact_with_a_successor(actors: tuple[Actor, Actor, Actor], callers: People) -> None:
    """The document of the contract, and the same token for the same successor."""
    ana, ben, _ = callers
    project(actors[0], "figures", "geo@1")
    assert ana.get(f"{ONE}/impact").status_code == 403
    found = ben.get(f"{ONE}/impact?successor=new").json()
    assert (found["people"], found["names"], found["derived"], found["drafts"]) == (1, ["ana"], [], 0)
    assert found["projects"] == [
        {"slug": "figures", "kind": "script", "owner": "ana", "schedule": "", "serving": False, "pinned": True}
    ]
    assert found["counts"] == {"projects": 1, "derived": 0}
    assert found["running"] == {"servers": 0, "runs": 0, "apps": 0, "schedules": 0}
    assert (found["successor"], found["covers"], found["by"], found["lost"]) == ("new@1", 50, "asked", ["plot"])
    assert found["moved"] == [{"name": "frame", "from": "1.5", "to": "2.0", "change": "upgraded", "step": "major"}]
    assert [(one["environment"], one["covers"]) for one in found["proposals"]] == [("new@1", 50)]
    none = ben.get(f"{ONE}/impact").json()
    assert (none["successor"], none["covers"], none["moved"]) == (None, None, [])
    assert none["token"] != found["token"] == ben.get(f"{ONE}/impact?successor=new@1").json()["token"]
    assert ben.get(f"{ONE}/impact?successor=gone").status_code == 404
    assert ben.get(f"{ONE}/impact?successor=geo@1").status_code == 422


def test_each_action_compares_the_impact(actors: tuple[Actor, Actor, Actor], callers: People) -> None:
    """409 with the path `impact` for another one; without a token nothing is compared; reinstating undoes it."""
    _, ben, eva = callers
    version = Version.objects.get(environment__slug="geo")
    body = {"reason": "Old.", "successor": "new@1", "ends": "2090-01-01T00:00:00Z"}
    seen = ben.get(f"{ONE}/impact?successor=new@1").json()["token"]
    launched(version, actors[2])
    refused = ben.post(f"{ONE}/deprecate", body | {"impact": seen})
    assert (refused.status_code, refused.json()["path"]) == (409, "impact")
    now = ben.get(f"{ONE}/impact?successor=new@1").json()["token"]
    found = ben.post(f"{ONE}/deprecate", body | {"impact": now}).json()
    assert (found["status"], found["successor"], found["ends"]) == ("deprecated", "new@1", "2090-01-01T00:00:00Z")
    assert ben.post(f"{ONE}/deprecate", body | {"ends": "2090-01-01T00:00:00"}).status_code == 422
    refused = ben.put(f"{ONE}/deprecation", body | {"impact": now})
    assert (refused.status_code, refused.json()["path"]) == (409, "impact")
    changed = ben.put(f"{ONE}/deprecation", {"reason": "Older.", "successor": "new@1"}).json()
    assert (changed["reason"], changed["ends"]) == ("Older.", None)
    shown = callers[0].get(ONE).json()
    assert (shown["notice"], shown["instead"]) == ("geo@1 is deprecated: Older. Use new@1 instead.", "new@1")
    for action, status in (("retire", "retired"), ("reinstate", "deprecated")):
        given = {} if action == "reinstate" else {"reason": "Gone."}
        refused = eva.post(f"{ONE}/{action}", given | {"impact": "0" * 32})
        assert (refused.status_code, refused.json()["path"]) == (409, "impact"), action
        token = eva.get(f"{ONE}/impact").json()["token"]
        done = eva.post(f"{ONE}/{action}", given | {"impact": token})
        assert (done.status_code, done.json()["status"]) == (200, status)
    assert done.json()["rebuild"] is None
    for action in ("quarantine", "release"):
        assert eva.post(f"{ONE}/{action}", {"reason": "r", "impact": ""}).status_code == 409
        assert eva.post(f"{ONE}/{action}", {"reason": "r"}).status_code == 200
    assert ben.post(f"{ONE}/restore").json()["status"] == "published"


def test_the_notice_is_in_every_list(actors: tuple[Actor, Actor, Actor], callers: People) -> None:
    """Kernels, servers and runtimes name the version to use instead."""
    ana, ben, _ = callers
    version = Version.objects.get(environment__slug="geo")
    project(actors[0], "figures", "geo")
    project(actors[0], "tables", "new@1")
    made = server(version, "ana")
    assert ben.post(f"{ONE}/deprecate", {"reason": "Old", "successor": "new"}).status_code == 200
    words = "geo@1 is deprecated: Old. Use new@1 instead."
    kernels = {one["name"]: one for one in ana.get("/kernels").json()["items"]}
    assert (kernels["geo"]["notice"], kernels["geo"]["successor"]) == (words, "new@1")
    assert (kernels["new"]["notice"], kernels["new"]["successor"]) == ("", "")
    runtimes = {one["slug"]: one for one in ana.get("/runtimes").json()["items"]}
    assert (runtimes["figures"]["replaced"], runtimes["figures"]["instead"]) == (words, "new@1")
    assert (runtimes["tables"]["replaced"], runtimes["tables"]["instead"]) == ("", "")
    assert ana.get("/runtimes/figures").json()["instead"] == "new@1"
    found = ana.get("/servers").json()["items"][0]
    assert (found["id"], found["notice"], found["instead"]) == (made.pk, words, "new@1")
