"""The pages that end a version's use: their impact, the typed name, and undoing a deprecation."""

from __future__ import annotations

import re
import shutil

import pytest
from django.test import Client
from django.utils import timezone
from support.people import draft, person, published, visitor

from assay.core.roles import Role
from assay.flow.paths import prefix
from assay.flow.people import find_person
from assay.store.models import Launch, Server, Version

pytestmark = pytest.mark.django_db
VERSION = "/environments/geo/1"


@pytest.fixture
def version() -> Version:
    """Return `geo@1`, published; somebody has launched it."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    version = published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    Launch.objects.create(
        person=find_person("ana"),
        environment=version.environment,
        version=version,
        kind="studio",
        digest=version.digest,
        target_id="abc",
        started_at=timezone.now(),
    )
    return version


@pytest.fixture
def admin() -> Client:
    """Return an administrator's client."""
    return visitor(person("root", Role.ADMIN))


def token(client: Client, step: str) -> dict[str, str]:
    """Return the hidden field with which a page of `geo@1` says which impact it showed."""
    found = re.search(r'name="impact" value="([0-9a-f]{32})"', client.get(f"{VERSION}/{step}").content.decode())
    assert found is not None
    return {"impact": found[1]}


def deprecated(admin: Client) -> None:
    """Deprecate `geo@1` by its page."""
    form = {"message": "old", "successor": ""} | token(admin, "deprecate?successor=")
    assert admin.post(f"{VERSION}/deprecate", form).status_code == 302


def running_server(version: Version) -> Server:
    """Return a server that runs in a version."""
    return Server.objects.create(
        id="abcdef012345",
        workspace=version.environment.workspace,
        person=find_person("ana"),
        version=version,
        digest=version.digest,
        state="ready",
        created_at=timezone.now(),
    )


def test_retiring_shows_its_impact_and_wants_the_name(admin: Client, version: Version) -> None:
    """People, projects and versions built on it are listed; another name, or no reason, retires nothing."""
    draft(person("eve"), "derived", base="geo@1")
    deprecated(admin)
    text = admin.get(f"{VERSION}/retire").content.decode()
    assert '<td class="strong">ana</td>' in text
    assert "derived@1" not in text, "a draft of somebody else"
    assert "1 draft" in text
    seen = token(admin, "retire")
    for form in ({"reason": "unused", "name": "geo"}, {"reason": " ", "name": "geo@1"}):
        refused = admin.post(f"{VERSION}/retire", form | seen)
        assert refused.status_code == 422
        assert form["reason"] in refused.content.decode()
        version.refresh_from_db()
        assert version.status == "deprecated"
    assert admin.post(f"{VERSION}/retire", {"reason": "unused", "name": "geo@1"} | seen).status_code == 302
    version.refresh_from_db()
    assert (version.status, version.reason) == ("retired", "unused")


def test_what_runs_must_be_named_to_retire(admin: Client, version: Version) -> None:
    """A running server refuses it, until the box says that it is known."""
    running_server(version)
    deprecated(admin)
    form = {"reason": "unused", "name": "geo@1"} | token(admin, "retire")
    refused = admin.post(f"{VERSION}/retire", form)
    assert refused.status_code == 409
    assert "1 server or run uses it now" in refused.content.decode()
    assert admin.post(f"{VERSION}/retire", form | {"force": "yes"}).status_code == 302
    version.refresh_from_db()
    assert version.status == "retired"


def test_quarantine_and_release(admin: Client, version: Version) -> None:
    """Quarantine stops launches; its reason stands on the page of the release, which lifts it."""
    form = {"reason": "miner found", "name": "geo@1"}
    assert admin.post(f"{VERSION}/quarantine", form | token(admin, "quarantine")).status_code == 302
    version.refresh_from_db()
    assert version.health == "quarantined"
    page = admin.get(f"{VERSION}/").content.decode()
    assert f"{VERSION}/release" in page
    assert f"{VERSION}/quarantine" not in page
    assert "/launch/?environment=geo@1" not in page
    assert "miner found" in admin.get(f"{VERSION}/release").content.decode()
    form = {"reason": "false alarm", "name": "geo@1"}
    assert admin.post(f"{VERSION}/release", form | token(admin, "release")).status_code == 302
    version.refresh_from_db()
    assert version.health == "ok"


def test_only_administrators_see_these_pages(version: Version) -> None:
    """A reviewer deprecates; only an administrator retires, quarantines and releases."""
    reviewer = visitor(person("rea", Role.REVIEWER))
    for step in ("retire", "quarantine", "release"):
        assert reviewer.get(f"{VERSION}/{step}").status_code == 403
        assert f"{VERSION}/{step}" not in reviewer.get(f"{VERSION}/").content.decode()
        reviewer.post(f"{VERSION}/{step}", {"reason": "x", "name": "geo@1"})
    version.refresh_from_db()
    assert (version.status, version.health) == ("published", "ok")


def test_a_deprecation_can_be_undone(admin: Client, version: Version) -> None:
    """The message that tells of it has an *Undo* button, which publishes the version again."""
    form = {"message": "old", "successor": ""} | token(admin, "deprecate?successor=")
    page = admin.post(f"{VERSION}/deprecate", form, follow=True).content.decode()
    undo = re.search(r'<form class="inline end" method="post" action="([^"]+)">.*?<button>Undo</button>', page)
    assert undo is not None
    admin.post(undo[1])
    version.refresh_from_db()
    assert version.status == "published"
    assert "<button>Undo</button>" not in admin.get(f"{VERSION}/").content.decode()


@pytest.mark.parametrize("step", ["retire", "quarantine", "release"])
def test_another_impact_is_shown_before_anything_happens(admin: Client, version: Version, step: str) -> None:
    """Somebody new launched it meanwhile: the page shows them, keeps what was typed, and nothing has happened."""
    if step == "retire":
        deprecated(admin)
    if step == "release":
        Version.objects.filter(pk=version.pk).update(health="quarantined")
    form = {"reason": "My long reason", "name": "geo@1"}
    seen = token(admin, step)
    Launch.objects.create(
        person=find_person(person("zoe").name),
        environment=version.environment,
        version=version,
        kind="kernel",
        digest=version.digest,
        target_id="zoe",
        started_at=timezone.now(),
    )
    before = Version.objects.values("status", "health", "revision").get()
    for given in (seen, {}):
        refused = admin.post(f"{VERSION}/{step}", form | given)
        text = refused.content.decode()
        assert refused.status_code == 409
        assert "is not the one that you saw" in text
        assert "My long reason" in text
        assert '<td class="strong">zoe</td>' in text
        assert Version.objects.values("status", "health", "revision").get() == before
    again = re.search(r'name="impact" value="([0-9a-f]{32})"', text)
    assert again is not None
    assert admin.post(f"{VERSION}/{step}", form | {"impact": again[1]}).status_code == 302


def test_a_retired_version_is_reinstated_with_one_click(admin: Client, version: Version) -> None:
    """From its page, or by *Undo*; when its files were removed, the build that makes them again is shown."""
    deprecated(admin)
    form = {"reason": "unused", "name": "geo@1"} | token(admin, "retire")
    page = admin.post(f"{VERSION}/retire", form, follow=True).content.decode()
    assert f'action="{VERSION}/reinstate">' in page
    assert "<button>Undo</button>" in page
    assert "<button>Reinstate version</button>" in page
    assert visitor(person("rea", Role.REVIEWER)).post(f"{VERSION}/reinstate").status_code == 403
    assert admin.post(f"{VERSION}/reinstate")["Location"] == f"{VERSION}/"
    version.refresh_from_db()
    assert (version.status, version.reason) == ("deprecated", "old")
    form = {"reason": "unused", "name": "geo@1"} | token(admin, "retire")
    admin.post(f"{VERSION}/retire", form)
    shutil.rmtree(prefix(version.digest))
    assert "<button>Reinstate and rebuild</button>" in admin.get(f"{VERSION}/").content.decode()
    answer = admin.post(f"{VERSION}/reinstate")
    assert answer["Location"].startswith("/builds/")
    assert "is rebuilt from its lock" in admin.get(answer["Location"]).content.decode()
