"""Each use is recorded: who, what, when, how long; and told as people and runtimes of 30 days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from support.people import PASSWORD, person
from support.projects import ended, project, published

from assay.core.roles import Actor, Role
from assay.flow.launch.launch import record_pull
from assay.runtimes import runs
from assay.store.models import Launch, Version
from assay.store.reads.catalogue import Filters, catalogue
from assay.store.reads.ordering import Order
from assay.store.reads.usage import Use, recent_use, uses

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Ana, with a published version."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "lab")
    return ana


def test_runs_count_as_people_and_projects(ana: Actor, settings: LazySettings) -> None:
    """Two people with three projects are told so on the page and in the catalogue; each use has its duration."""
    eve = person("eve")
    for actor, slug in ((ana, "one"), (ana, "two"), (eve, "three"), (eve, "three-again")):
        project(actor, slug, "import time; time.sleep(0.2)")
        ended(runs.request_run(actor, slug))
    ended(runs.request_run(ana, "one"))
    environment = Version.objects.get().environment
    assert recent_use([environment.pk]) == {environment.pk: Use(people=2, runtimes=4)}
    rows = uses(environment, Order(name="started", descending=True), 100).rows
    assert [(row.person, row.runtime) for row in rows[:2]] == [("ana", "one"), ("eve", "three-again")]
    assert all(row.seconds and row.seconds > 0.2 and row.kind == "run" for row in rows)
    assert (catalogue(ana, Filters(), limit=5)[0].people_30d, catalogue(ana, Filters(), limit=5)[0].runtimes_30d) == (
        2,
        4,
    )
    client = Client(HTTP_HOST=f"{settings.PUBLIC_HOST}:{settings.PORT}")
    assert client.login(username="ana", password=PASSWORD)
    shown = client.get("/environments/lab/?tab=usage").content
    assert b"used by 2 people and 4 runtimes in 30 days" in shown
    assert b"three-again" in shown


def test_what_is_long_ago_does_not_count(ana: Actor) -> None:
    """After thirty days a use is history."""
    version = Version.objects.get()
    record_pull(ana, version)
    assert recent_use([version.environment_id]) == {version.environment_id: Use(people=1)}
    Launch.objects.update(started_at=timezone.now() - timedelta(days=31))
    assert recent_use([version.environment_id]) == {}


def test_pulls_are_uses(ana: Actor) -> None:
    """Taking a published lock along is recorded once an hour; looking at a draft's is not."""
    version = Version.objects.get()
    record_pull(ana, version)
    record_pull(ana, version)
    pull = Launch.objects.get()
    assert (pull.kind, pull.digest, pull.ended_at) == ("pull", version.digest, pull.started_at)
    Version.objects.update(status="draft")
    Launch.objects.all().delete()
    version.refresh_from_db()
    record_pull(ana, version)
    assert not Launch.objects.exists()
