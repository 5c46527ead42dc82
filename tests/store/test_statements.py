"""Compiled statements give what their querysets give, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import Count, F, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assay.core.lifecycle import Status
from assay.core.roles import Role
from assay.store.models import Build, Environment, Membership, Person, Version, Workspace
from assay.store.statements import Parameter, Parameters, Statement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("geo")]


@pytest.fixture
def geo() -> Environment:
    """Return an environment with three versions and a build."""
    now = timezone.now()
    ana = Person.objects.create(username="ana")
    workspace = Workspace.objects.create(slug="maps", title="Maps", approval_groups=["geo"])
    Membership.objects.create(workspace=workspace, person=ana, role=Role.MEMBER, groups=["a", "b"])
    geo = Environment.objects.create(
        workspace=workspace, slug="geo", title="Geo", owner=ana, tags=["x"], created_at=now, updated_at=now
    )
    for number, status in enumerate((Status.DEPRECATED, Status.PUBLISHED, Status.DRAFT), start=1):
        version = Version.objects.create(
            environment=geo,
            number=number,
            author=ana,
            status=status,
            spec={"libraries": ["six"]},
            python="3.11",
            created_at=now - timedelta(days=10 - number),
            updated_at=now,
        )
    Build.objects.create(id=uuid4(), version=version, requested_by=ana, state="queued", request={}, created_at=now)
    return geo


VERSIONS = Statement(
    lambda: (
        Version.objects.select_related("environment__workspace", "author", "base__environment", "build")
        .filter(environment__slug=Parameter("slug"), number__gte=Parameter("least"))
        .annotate(builds_count=Count("builds"), next=F("number") + 1)
        .order_by("number")
    )
)


def test_instances_with_their_relations_and_annotations() -> None:
    """One statement at each use; related rows, JSON and times are what the ORM gives."""
    VERSIONS.rows(slug="geo", least=1)
    with CaptureQueriesContext(connection) as queries:
        found = VERSIONS.rows(slug="geo", least=2)
        seen = [
            (one.number, one.author.username, one.environment.workspace.approval_groups, one.base, one.spec)
            for one in found
        ]
    assert len(queries) == 1
    assert seen == [(number, "ana", ["geo"], None, {"libraries": ["six"]}) for number in (2, 3)]
    assert [(one.builds_count, one.next) for one in found] == [(0, 3), (1, 4)]  # type: ignore[attr-defined]  # annotated
    orm = list(Version.objects.filter(number__gte=2).order_by("number"))
    assert found == orm
    assert [one.created_at for one in found] == [one.created_at for one in orm]
    assert found[0]._state.db == "default"
    assert not found[0]._state.adding
    found[0].reason = "saved"
    found[0].save()
    assert Version.objects.get(pk=found[0].pk).reason == "saved"


def test_a_use_reads_what_the_database_says_now() -> None:
    """Only the text is kept: a change counts at the next use."""
    assert len(VERSIONS.rows(slug="geo", least=1)) == 3
    Version.objects.filter(number=3).delete()
    assert len(VERSIONS.rows(slug="geo", least=1)) == 2
    assert VERSIONS.rows(slug="other", least=1) == []
    assert VERSIONS.first(slug="other", least=1) is None


def test_a_limit_is_a_value_too() -> None:
    """The same text with a limit; `first` takes one row."""
    assert [one.number for one in VERSIONS.rows(slug="geo", least=1, limit=2)] == [1, 2]
    first = VERSIONS.first(slug="geo", least=1)
    assert first is not None
    assert first.number == 1


def test_a_missing_or_unknown_parameter_is_an_error() -> None:
    """A statement is never executed with a value of an earlier use."""
    with pytest.raises(TypeError, match="takes \\['least', 'slug'\\], not \\['slug'\\]"):
        VERSIONS.rows(slug="geo")
    with pytest.raises(TypeError, match="unknown"):
        VERSIONS.rows(slug="geo", least=1, unknown=1)
    with pytest.raises(TypeError, match="cannot be None"):
        VERSIONS.rows(slug=None, least=1)


def _versions(**columns: Any) -> QuerySet[Version]:  # noqa: ANN401 - as `filter`
    return Version.objects.filter(**columns).order_by("number")


def test_columns_as_tuples_dictionaries_and_single_values() -> None:
    """`values_list`, `values` and `flat` give the same as in a queryset."""
    columns = ("number", "environment__tags", "created_at", "base__number")
    tuples = Statement(lambda: _versions(status=Parameter("status")).values_list(*columns))
    assert tuples.rows(status=Status.DRAFT) == list(_versions(status="draft").values_list(*columns))
    named = Statement(lambda: _versions(status=Parameter("status")).values(*columns, slug=F("environment__slug")))
    expected = list(_versions(status="draft").values(*columns, slug=F("environment__slug")))
    assert named.rows(status=Status.DRAFT) == expected
    assert expected[0]["slug"] == "geo"
    flat = Statement(lambda: _versions(number__lt=Parameter("below")).values_list("number", flat=True))
    assert flat.rows(below=3) == [1, 2]


def test_columns_that_are_not_loaded_are_loaded_when_used() -> None:
    """`defer` works as in a queryset."""
    statement = Statement(lambda: Version.objects.defer("spec").filter(number=Parameter("number")))
    found = statement.first(number=1)
    assert found is not None
    assert found.get_deferred_fields() == {"spec"}
    assert found.spec == {"libraries": ["six"]}


def test_lists_of_numbers_and_words() -> None:
    """Any number of values in one parameter, also none."""
    numbers = Statement(lambda: _versions(number__in=Parameters("numbers")).values_list("number", flat=True))
    assert numbers.rows(numbers=[1, 3, 7]) == [1, 3]
    assert numbers.rows(numbers=set()) == []
    words = Statement(lambda: _versions(status__in=Parameters("statuses", str)).values_list("number", flat=True))
    assert words.rows(statuses=[Status.DRAFT, Status.PUBLISHED]) == [2, 3]
    assert words.rows(statuses=()) == []


def test_values_in_the_form_that_the_database_takes(geo: Environment) -> None:
    """Times, days, identifiers, parts of words and truth values."""
    since = Statement(lambda: _versions(created_at__gte=Parameter("at")).values_list("number", flat=True))
    assert since.rows(at=timezone.now() - timedelta(days=8, hours=1)) == [2, 3]
    day = Statement(lambda: _versions(created_at__date__gt=Parameter("day")).values_list("number", flat=True))
    assert day.rows(day=(timezone.now() - timedelta(days=8)).date()) == [3]
    build = Build.objects.get()
    by_id = Statement(lambda: Build.objects.filter(pk=Parameter("id")))
    assert by_id.first(id=build.pk) == build
    part = Statement(
        lambda: Environment.objects.filter(title__icontains=Parameter("text"), template=Parameter("template"))
    )
    assert part.first(text="eO", template=False) == geo
    assert part.first(text="%", template=False) is None
    assert part.first(text="geo", template=True) is None


def test_querysets_that_need_more_than_one_statement_are_refused() -> None:
    """What cannot be compiled says so at its first use."""
    with pytest.raises(TypeError, match="prefetch_related"):
        Statement(lambda: Version.objects.prefetch_related("builds")).rows()
    with pytest.raises(TypeError, match="NamedValuesListIterable"):
        Statement(lambda: Version.objects.values_list("number", named=True)).rows()


@pytest.mark.django_db(transaction=True)
def test_a_statement_outlives_the_thread_that_compiled_it() -> None:
    """Its converters belong to no thread's connection."""
    statement = Statement(lambda: _versions(number=Parameter("number")))
    found: list[Version | None] = []

    def use() -> None:
        found.append(statement.first(number=1))
        connection.close()

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert found == [statement.first(number=1)]
    assert found[0] is not None
