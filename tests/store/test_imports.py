"""Imported libraries per version, summed over the days of a window."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import person

from assay.store.models import Environment, LibraryUse, Version
from assay.store.reads.imports import Imported, Imports, imports_of

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)


def versions(count: int) -> list[int]:
    """Return the keys of new versions of one environment."""
    author = person("ada")
    times = {"created_at": timezone.now(), "updated_at": timezone.now()}
    made = Environment.objects.create(
        workspace_id=author.workspace_id, slug="geo", title="Geo", owner_id=author.id, **times
    )
    rows = [
        Version(environment=made, number=number, author_id=author.id, spec={}, python="3.11", **times)
        for number in range(1, count + 1)
    ]
    return [one.pk for one in Version.objects.bulk_create(rows)]


def use(version: int, day: date, **sessions: int) -> None:
    """Record sessions of a version on a day: `of` all of them, and those of each library."""
    LibraryUse.objects.bulk_create(
        LibraryUse(version_id=version, day=day, library="" if name == "of" else name, sessions=count)
        for name, count in sessions.items()
    )


def test_sessions_are_summed_over_the_days_of_the_window() -> None:
    """Days before the window do not count; a version without sessions is unknown, not unused."""
    first, second, third = versions(3)
    use(first, DAY - timedelta(days=1), of=50, pandas=50, scipy=50)
    use(first, DAY, of=3, pandas=2)
    use(first, DAY + timedelta(days=4), of=2, pandas=1, numpy=2)
    use(second, DAY, of=1)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = imports_of([first, second, third], since=DAY)
    assert len(queries) == 1
    assert found == {
        first: Imports(
            sessions=5,
            libraries={
                "pandas": Imported(sessions=3, last=DAY + timedelta(days=4)),
                "numpy": Imported(sessions=2, last=DAY + timedelta(days=4)),
            },
        ),
        second: Imports(sessions=1),
        third: Imports(),
    }


def test_no_versions_have_no_imports() -> None:
    """Nothing is asked about nothing."""
    assert imports_of([], since=DAY) == {}
