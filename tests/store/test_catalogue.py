"""The compiled statement of the catalogue asks what its queryset asks, for every filter and each of its values."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from assay.core.lifecycle import NOT_ASSESSED, Health, Status
from assay.core.roles import Actor, Right, Role
from assay.store.models import Environment, Launch, Lock, LockedLibrary, Person, Runtime, Version, Workspace
from assay.store.reads.catalogue import CatalogueRow, Filters, _filtered, _row, catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Actor:
    """Return the owner of six environments in different states; one builds on an older version of another."""
    now, owner = timezone.now(), Person.objects.create(username="ana")
    workspace = Workspace.objects.create(slug="maps", title="Maps")
    lock = Lock.objects.create(
        digest="d",
        text="",
        content={},
        python="3.11",
        platform="",
        libraries_count=2,
        size=9,
        report={},
        created_at=now,
    )
    LockedLibrary.objects.create(lock=lock, name="six", version="1")

    def made(slug: str, *statuses: str, base: Version | None = None, **columns: Any) -> Version:  # noqa: ANN401 - columns
        environment = Environment.objects.create(
            workspace=workspace, slug=slug, title=slug.title(), owner=owner, created_at=now, updated_at=now, **columns
        )
        for number, status in enumerate(statuses, start=1):
            version = Version.objects.create(
                environment=environment, number=number, author=owner, status=status, spec={}, base=base, lock=lock,
                python=f"3.1{number}", created_at=now, updated_at=now, published_at=now,
            )  # fmt: skip
        active = environment.versions.filter(status__in=[Status.PUBLISHED, Status.DEPRECATED]).order_by("-number")
        Environment.objects.filter(pk=environment.pk).update(active=active.first(), latest=version)
        return version

    base = made("base", Status.PUBLISHED)
    made("behind", Status.PUBLISHED, base=base)
    Version.objects.create(
        environment=base.environment, number=2, author=owner, status=Status.PUBLISHED, spec={}, python="3.12",
        lock=lock, created_at=now, updated_at=now, health=Health.ATTENTION,
    )  # fmt: skip
    Environment.objects.filter(slug="base").update(active=Version.objects.get(environment__slug="base", number=2))
    made("draft", Status.DRAFT)
    made("old", Status.DEPRECATED, template=True)
    made("pending", Status.PUBLISHED, Status.PENDING)
    made("waiting", Status.PENDING, description="of 100 % wool")
    return Actor(id=owner.pk, name="ana", role=Role.MEMBER, workspace_id=workspace.pk)


FILTERS = [
    {},
    *({"text": text} for text in ("b", "WOOL", "%", "_")),
    *({"library": name} for name in ("six", "numpy")),
    *({"python": python} for python in ("3.11", "3.12")),
    *({"base": name} for name in ("base", "draft")),
    *({"owner": name} for name in ("ana", "ben")),
    *({"status": status} for status in (*Status, "nonsense")),
    *({"health": health} for health in (*Health, NOT_ASSESSED, "nonsense")),
    {"behind": True},
    {"template": True},
    {"text": "b", "python": "3.11", "owner": "ana", "behind": True},
]


@pytest.mark.parametrize("given", FILTERS, ids=str)
def test_every_filter(ana: Actor, given: dict[str, Any]) -> None:
    """For the owner, for a reviewer who owns nothing, and for another member."""
    filters = Filters(**given)
    reviewer = Actor(id=0, name="ben", role=Role.REVIEWER, workspace_id=ana.workspace_id)
    limited = Actor(id=0, name="ben", role=Role.REVIEWER, workspace_id=ana.workspace_id, scope=Right.SEE)
    for actor in (ana, reviewer, limited):
        expected = list(_filtered(actor, filters).order_by("slug").values_list("slug", flat=True))
        assert [row.slug for row in catalogue(actor, filters, limit=200)] == expected
        assert [row.slug for row in catalogue(actor, filters, limit=2)] == expected[:2]
        assert [row.slug for row in catalogue(actor, filters, limit=9, after="base")] == [
            slug for slug in expected if slug > "base"
        ]


def test_a_row_shows_the_active_version_or_else_the_latest(ana: Actor) -> None:
    """With what is newer than its base, and the numbers of its lock."""
    rows = {row.slug: row for row in catalogue(ana, Filters(), limit=9)}
    shown = {slug: (row.version, row.status, row.python, row.behind, row.libraries) for slug, row in rows.items()}
    assert shown == {
        "base": (2, "published", "3.12", None, 2),
        "behind": (1, "published", "3.11", "base@2", 2),
        "draft": (1, "draft", "3.11", None, 2),
        "old": (1, "deprecated", "3.11", None, 2),
        "pending": (1, "published", "3.11", None, 2),
        "waiting": (1, "pending", "3.11", None, 2),
    }
    assert rows["behind"].base == "base@1"


CHANGES: dict[str, Any] = {
    "title": lambda _: Environment.objects.filter(slug="behind").update(title="New"),
    "description": lambda _: Environment.objects.filter(slug="behind").update(description="New"),
    "tags": lambda _: Environment.objects.filter(slug="behind").update(tags=["new"]),
    "template": lambda _: Environment.objects.filter(slug="behind").update(template=True),
    "updated": lambda row: Environment.objects.filter(slug="behind").update(updated_at=row.updated + timedelta(1)),
    "owner": lambda row: Person.objects.filter(username=row.owner).update(username="anna"),
    "status": lambda row: _version(row).update(status=Status.DEPRECATED),
    "health": lambda row: _version(row).update(health=Health.QUARANTINED),
    "python": lambda row: _version(row).update(python="3.13"),
    "published": lambda row: _version(row).update(published_at=None),
    "version": lambda row: _version(row).update(number=7),
    "libraries": lambda _: Lock.objects.update(libraries_count=3),
    "size": lambda _: Lock.objects.update(size=10),
    "base": lambda _: Environment.objects.filter(slug="base").update(slug="ground"),
    "behind": lambda _: Version.objects.filter(environment__slug="base", number=2).update(number=3),
    "people_30d": lambda row: _launch(row, {}),
    "runtimes_30d": lambda row: _launch(row, {"runtime": _runtime(row)}),
}


def _version(row: CatalogueRow) -> QuerySet[Version]:
    return Version.objects.filter(environment__slug=row.slug, number=row.version)


def _launch(row: CatalogueRow, columns: dict[str, Any]) -> None:
    version = _version(row).get()
    Launch.objects.create(
        person=version.author, environment=version.environment, version=version, kind="run", digest="d",
        target_id="t", started_at=timezone.now(), **columns,
    )  # fmt: skip


def _runtime(row: CatalogueRow) -> Runtime:
    environment = Environment.objects.get(slug=row.slug)
    return Runtime.objects.create(
        workspace=environment.workspace, owner=environment.owner, slug="r", title="R", kind="script",
        environment=row.slug, source={}, created_at=row.updated, updated_at=row.updated,
    )  # fmt: skip


@pytest.mark.parametrize("column", CHANGES)
def test_a_kept_row_is_never_an_old_one(ana: Actor, column: str) -> None:
    """Asked twice, a row is the same object; once anything in it changes, the next request shows the change."""
    before = {row.slug: row for row in catalogue(ana, Filters(), limit=9)}["behind"]
    assert next(row for row in catalogue(ana, Filters(), limit=9) if row.slug == "behind") is before
    CHANGES[column](before)
    after = next(row for row in catalogue(ana, Filters(), limit=9) if row.slug == "behind")
    assert getattr(after, column) != getattr(before, column)
    _row.cache_clear()
    assert vars(next(row for row in catalogue(ana, Filters(), limit=9) if row.slug == "behind")) == vars(after)
