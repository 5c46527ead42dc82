"""A generated installation is what the product would have written: everything that the product checks holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Max, Q
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from assay.core.lifecycle import Status
from assay.core.lock import Lock as LockValue
from assay.core.report import Report
from assay.core.spec import Spec, parse_spec
from assay.flow.assess.facts import store_facts
from assay.flow.usage.update import rebuild_all
from assay.store.approved_libraries import approved_names
from assay.store.audit_log import verify
from assay.store.models import (
    DailyUse,
    Environment,
    Event,
    Launch,
    Lock,
    LockedLibrary,
    LockFacts,
    Person,
    PersonUse,
    Version,
    Workspace,
)

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
from installation.size import SIZES
from installation.write import write

SIZE = SIZES["tiny"]
PAGES = (
    *("/environments/", "/environments/base-000/", "/launch/", "/policy/", "/notifications/", "/admin/environments/"),
    *("/admin/usage/", "/admin/usage/review", "/admin/audit/", "/admin/health/", "/admin/consistency/", "/runtimes/"),
)
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _installation(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Write it once for all tests of this file, and remove it at the end."""
    request.getfixturevalue("django_db_setup")
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        write(SIZE)
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)


def _visitor(role: str) -> Client:
    person = Person.objects.filter(memberships__workspace__slug="default", memberships__role=role).first()
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_it_is_as_large_as_asked() -> None:
    """Environments, people and launches are exactly as many, events at least."""
    assert Environment.objects.count() == SIZE.environments
    assert Launch.objects.count() == SIZE.launches
    assert Event.objects.count() >= SIZE.events
    assert {one.slug for one in Workspace.objects.all()} == {"default", "research", "trials"}


def test_the_database_and_the_audit_log_are_sound() -> None:
    """Every reference leads somewhere, every chain of events verifies, and events are in their order."""
    connection.check_constraints()
    for workspace in Workspace.objects.all():
        assert verify(workspace) is None
        assert workspace.notified_up_to == workspace.event_count
        times = list(Event.objects.filter(workspace=workspace).order_by("sequence").values_list("at", flat=True))
        assert times == sorted(times)
    assert not Launch.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=timezone.now())).exists()


def test_locks_reports_and_facts_are_what_a_build_stores() -> None:
    """The text, its JSON, the digest, the rows of libraries and the facts of a lock agree."""
    for row in Lock.objects.all():
        value = LockValue.from_toml(row.text)
        assert (value.digest, value.to_dict()) == (row.digest, _as_stored(value, row))
        assert value.libraries == LockValue.from_dict(row.content).libraries
        report = Report.from_dict(row.report)
        assert report.size == row.size == sum(one.size for one in report.libraries)
        assert [one.name for one in report.libraries] == list(value.by_name)
        assert set(value.by_name) == set(LockedLibrary.objects.filter(lock=row).values_list("name", flat=True))
        assert {need for one in value.libraries for need in one.dependencies} <= set(value.by_name)
    before = {one.pk: (one.files, one.observations) for one in LockFacts.objects.all()}
    LockFacts.objects.all().delete()
    store_facts()
    assert {one.pk: (one.files, one.observations) for one in LockFacts.objects.all()} == before


def _as_stored(value: LockValue, row: Lock) -> dict[str, object]:
    """Return the stored JSON with tuples where the value has them."""
    libraries = tuple({**one, "dependencies": tuple(one["dependencies"])} for one in row.content["libraries"])
    return {**row.content, "libraries": libraries} if value.libraries else {}


def test_versions_follow_the_lifecycle() -> None:
    """Statuses, submissions, decisions, builds, events and what a name stands for agree."""
    assert {one.status for one in Version.objects.all()} >= {"published", "deprecated"}
    for version in Version.objects.select_related("environment", "build", "lock"):
        spec = Spec.from_dict(version.spec)
        assert parse_spec(base=spec.base, python=spec.python, libraries=spec.libraries, keep=spec.keep)[0] == spec
        assert version.build is not None
        assert version.build.digest == version.digest
        last = version.submissions.order_by("-round").first()
        outcome = {Status.DRAFT: None, Status.PENDING: "pending"}.get(Status(version.status), "approved")
        assert (last.outcome if last else None) == outcome
        assert (version.published_at is not None) == (outcome == "approved")
        assert version.rounds == version.submissions.count()
        decided = version.submissions.exclude(outcome="pending")
        assert all(one.decisions.count() == 1 for one in decided)
        names = Event.objects.filter(environment=version.environment.slug, number=version.number)
        assert names.filter(name="version.published").count() == (outcome == "approved")
    for one in Environment.objects.select_related("active"):
        live = one.versions.filter(status="published").order_by("-number").first()
        assert one.active == live or (live is None and (one.active is None or one.active.status == "deprecated"))
        assert one.last_number == one.versions.aggregate(last=Max("number"))["last"]
    for workspace in Workspace.objects.all():
        published = Version.objects.filter(environment__workspace=workspace, published_at__isnull=False)
        rows = LockedLibrary.objects.filter(lock__in=published.values("lock"))
        assert approved_names(workspace.pk) == set(rows.values_list("name", flat=True))


def test_launches_are_of_versions_that_were_published() -> None:
    """Nothing is launched before it was published, and each launch has the digest of its version."""
    assert not Launch.objects.filter(started_at__lt=F("version__published_at") - timedelta(seconds=1)).exists()
    assert not Launch.objects.exclude(digest=F("version__lock__digest")).exists()
    kinds = dict(Launch.objects.values_list("kind").annotate(Count("pk")))
    assert set(kinds) == {"studio", "run", "kernel", "pull"}
    assert Event.objects.filter(name="server.launched").count() == kinds["studio"]
    assert Event.objects.filter(name="run.ended").count() == kinds["run"]


def test_sums_of_usage_equal_a_computation_from_the_launches() -> None:
    """Rebuilding the sums changes nothing."""

    def sums() -> tuple[object, object]:
        uses = DailyUse.objects.order_by("version", "day", "kind", "size")
        return (
            [(*one[:-1], round(one[-1], 3)) for one in uses.values_list("version", "day", "launches", "seconds")],
            sorted(PersonUse.objects.values_list("version", "person", "last_day")),
        )

    before = sums()
    assert sum(one[2] for one in before[0]) == SIZE.launches  # type: ignore[attr-defined]
    for workspace in Workspace.objects.all():
        rebuild_all(workspace.pk)
    assert sums() == before


@pytest.mark.parametrize("page", PAGES)
def test_pages_answer(page: str) -> None:
    """An administrator sees every page."""
    assert _visitor("admin").get(page).status_code == 200


def test_the_same_seed_writes_the_same() -> None:
    """Nothing of a version depends on chance outside of the seed."""
    from installation.libraries import Libraries  # noqa: PLC0415 - only here

    start = datetime(2026, 1, 1, tzinfo=UTC)
    one, other = Libraries(size=SIZE, start=start), Libraries(size=SIZE, start=start)
    assert [[r.library for r in found] for found in one.releases] == [[r.library for r in f] for f in other.releases]
