"""Another version: proposed, its difference shown, tried, and taken only as it was seen."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client
from support.people import PASSWORD, built, lock_of, person
from support.projects import ended, project, published, really_python

from assay.core.errors import ConflictError
from assay.core.roles import Actor, Role
from assay.flow.compose.draft import new_version
from assay.flow.review.review import approve, submit
from assay.runtimes import projects, runs, upgrade
from assay.store.models import Runtime, Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with lab@1 published."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab", lock=lock_of({"six": "1.16.0"}))
    return ana


def publish_second(ana: Actor) -> Version:
    """Publish lab@2, in which six moved and attrs came."""
    from assay.flow.access import actor_in  # noqa: PLC0415 - only here
    from assay.flow.people import find_person  # noqa: PLC0415 - only here

    ben = actor_in(find_person("ben"), "default")
    lock = lock_of({"six": "1.17.0", "attrs": "25.1.0"})
    new_version(ana, "lab")
    version = built(ana, "lab", 2, lock)
    really_python(lock.digest)
    submit(ana, "lab", 2, "")
    return approve(ben, "lab", 2, digest=version.digest)


def test_a_newer_version_proposes_itself_to_pinned_projects(ana: Actor) -> None:
    """A project pinned to an older version is told; one that follows the newest, or is there, is not."""
    pinned, following = project(ana, "pinned", "", environment="lab@1"), project(ana, "following", "")
    assert upgrade.available_upgrades([pinned, following]) == {}
    publish_second(ana)
    assert upgrade.available_upgrades([pinned, following]) == {pinned.pk: "lab@2"}


def test_the_difference_a_trial_and_the_switch(ana: Actor) -> None:
    """What would change is shown; a trial runs in the new version alone; then the project moves."""
    project(ana, "job", "print('fine')", environment="lab@1", retries=2)
    second = publish_second(ana)
    found = upgrade.preview(ana, "job", "lab@2")
    assert {(row.name, row.versions) for row in found.changes.changed} == {
        ("six", ("1.16.0", "1.17.0")),
        ("attrs", (None, "25.1.0")),
    }
    assert found.trial is None
    trial = ended(upgrade.start_trial(ana, "job", "lab@2"))
    assert (trial.state, trial.version, trial.trial) == ("succeeded", second, True)
    assert Runtime.objects.get().environment == "lab@1"
    assert runs.request_run(ana, "job").version.number == 1
    assert upgrade.preview(ana, "job", "lab@2").trial == trial
    with pytest.raises(ConflictError, match="has changed since"):
        upgrade.switch(ana, "job", "lab@2", seen="0" * 64)
    upgrade.switch(ana, "job", "lab@2", seen=second.digest)
    assert projects.find(ana, "job").environment == "lab@2"


def test_the_pages_lead_through_it(ana: Actor, settings: LazySettings) -> None:
    """The list and the project propose; the page shows the difference, tries and switches."""
    project(ana, "job", "print('fine')", environment="lab@1")
    second = publish_second(ana)
    client = Client(HTTP_HOST=f"{settings.PUBLIC_HOST}:{settings.PORT}")
    assert client.login(username="ana", password=PASSWORD)
    assert b"lab@2 is published" in client.get("/runtimes/").content
    assert b"View changes and run a trial" in client.get("/runtimes/scripts/job/").content
    shown = client.get("/runtimes/scripts/job/upgrade?to=lab@2")
    assert b"1.17.0" in shown.content
    assert client.post("/runtimes/scripts/job/upgrade/trial", {"to": "lab@2"}).status_code == 302
    taken = client.post("/runtimes/scripts/job/upgrade/apply", {"to": "lab@2", "digest": second.digest})
    assert taken["Location"] == "/runtimes/scripts/job/"
    assert Runtime.objects.get().environment == "lab@2"
