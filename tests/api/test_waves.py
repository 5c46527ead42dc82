"""Waves over the API: the plan, starting, following, stopping and retrying one."""

from __future__ import annotations

import pytest
from support.bases import behind_base
from support.caller import Caller
from support.people import person
from support.waves import CONFLICT, drafted, work

from assay.core.roles import Actor, Role
from assay.store.models import Environment, Wave

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("behind")]
REBASE = "/environments/ds/rebase"


@pytest.fixture
def ana() -> Actor:
    """Return a member, who owns what is built on the base."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer, who owns the base."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def behind(ana: Actor, ben: Actor) -> None:
    """Publish ds in two versions and what builds on the first."""
    behind_base(ana, ben, person("rita", Role.REVIEWER))


def test_what_is_behind(ana: Actor, ben: Actor) -> None:
    """A row of the catalogue says the newer base; a filter shows only those; the plan says what would happen."""
    rows = Caller(ana).get("/environments?behind=true").json()["items"]
    assert [(one["slug"], one["base"], one["behind"]) for one in rows] == [
        ("abc", "ds@1", "ds@2"),
        ("geo", "ds@1", "ds@2"),
    ]
    everything = Caller(ana).get("/environments").json()["items"]
    assert {one["slug"]: one["behind"] for one in everything if one["slug"] in {"ds", "web"}} == {
        "ds": None,
        "web": None,
    }
    drafted(ana, "abc", ("abc",), "ds@1")
    plan = Caller(ben).get(REBASE).json()
    assert plan["base"] == "ds@2"
    assert plan["targets"][1] == {
        "environment": "web",
        "version": 1,
        "base": "geo@1",
        "owner": "ana",
        "level": 2,
        "waits_for": "geo",
    }
    (skipped,) = plan["skipped"]
    assert (skipped["environment"], skipped["reason"], skipped["selectable"]) == ("abc", "draft", True)
    assert not Wave.objects.exists()


def test_a_wave_from_start_to_end(ana: Actor, ben: Actor) -> None:
    """Start it for some, follow it, retry what failed, stop it."""
    caller = Caller(ben)
    started = caller.post(REBASE, {"base": "ds@2", "targets": ["geo", "abc"]})
    assert started.status_code == 202
    wave = Wave.objects.get()
    assert started.json() == {"wave": wave.pk}
    work(failures={"abc": CONFLICT})
    found = caller.get(f"/waves/{wave.pk}?limit=1").json()
    assert (found["state"], found["counts"], found["by"], found["targets"], found["automatic"]) == (
        "done",
        {"failed": 1, "submitted": 1},
        "ben",
        2,
        False,
    )
    (first,) = found["items"]
    assert (first["environment"], first["state"], first["draft"], first["build"]) == ("abc", "failed", "abc@2", None)
    assert "plot 1.0 depends on core<2" in first["message"]
    (second,) = caller.get(f"/waves/{wave.pk}?limit=1&cursor={found['next']}").json()["items"]
    assert (second["environment"], second["changes"]["changed"]) == ("geo", 1)
    assert caller.post(f"/waves/{wave.pk}/retry").json()["counts"] == {"queued": 1, "submitted": 1}
    stopped = caller.post(f"/waves/{wave.pk}/stop", {"delete_drafts": True}).json()
    assert (stopped["state"], stopped["message"], stopped["counts"]) == (
        "stopped",
        "ben stopped it.",
        {"stopped": 1, "submitted": 1},
    )
    assert caller.post(f"/waves/{wave.pk}/stop").status_code == 409
    assert caller.post(f"/waves/{wave.pk}/retry").status_code == 409
    own = Caller(ana).get(f"/waves/{wave.pk}").json()
    assert ([one["environment"] for one in own["items"]], own["skipped"]) == (["geo", "abc"], [])


def test_one_environment_is_rebased_by_its_own_name(ana: Actor, ben: Actor) -> None:
    """On the base that the body names; then the body names no targets."""
    wrong = Caller(ana).post("/environments/geo/rebase", {"base": "ds@2", "targets": ["geo"]})
    assert (wrong.status_code, wrong.json()["path"]) == (422, "targets")
    wave = Caller(ana).post("/environments/geo/rebase", {"base": "ds@2"}).json()["wave"]
    assert [one["environment"] for one in Caller(ana).get(f"/waves/{wave}").json()["items"]] == ["geo"]
    rest = Caller(ben).post(REBASE).json()["wave"]
    assert [one["environment"] for one in Caller(ben).get(f"/waves/{rest}").json()["items"]] == ["abc"]


def test_what_is_refused(ana: Actor, ben: Actor) -> None:
    """Viewers and strangers, older versions, what is not built on the base, and a base without a version."""
    eve, vic = Caller(person("eve")), Caller(person("vic", Role.VIEWER))
    assert vic.get(REBASE).status_code == vic.post(REBASE).status_code == 403
    assert eve.post(REBASE, {"targets": ["geo"]}).status_code == 403
    assert eve.post(REBASE).status_code == 409
    caller = Caller(ben)
    assert caller.post(REBASE, {"base": "ds@1"}).status_code == 409
    assert caller.post(REBASE, {"targets": ["nothing"]}).json()["path"] == "targets"
    assert caller.post(REBASE, {"targets": []}).status_code == 422
    assert caller.post("/environments/none/rebase").status_code == 404
    wave = caller.post(REBASE).json()["wave"]
    assert eve.get(f"/waves/{wave}").status_code == vic.get(f"/waves/{wave}").status_code == 404
    assert Caller(ana).post(f"/waves/{wave}/stop").status_code == 403
    assert Caller(ana).post(f"/waves/{wave}/retry").status_code == 403
    Environment.objects.filter(slug="ds").update(active=None)
    assert caller.get(REBASE).status_code == 409


def test_the_list(ana: Actor, ben: Actor) -> None:
    """Newest first, of one base, by pages."""
    first = Caller(ben).post(REBASE, {"targets": ["geo"]}).json()["wave"]
    second = Caller(ben).post(REBASE, {"targets": ["abc"]}).json()["wave"]
    page = Caller(ben).get("/waves?limit=1").json()
    assert [one["id"] for one in page["items"]] == [second]
    rest = Caller(ben).get(f"/waves?limit=1&cursor={page['next']}").json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([first], None)
    assert Caller(ben).get("/waves?base=geo").json()["items"] == []
    assert len(Caller(ana).get("/waves?base=ds@2").json()["items"]) == 2
