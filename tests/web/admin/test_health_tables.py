"""Health and waivers: they sort, narrow and export, by a few queries however many rows there are."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.people import person, published, visitor
from support.tables import exported, first_cells

from assay.core.policy.findings import Effect, Finding
from assay.core.roles import Actor, Role
from assay.flow.review.waive import end_waiver
from assay.store.models import HealthIssue, Version, Waiver

pytestmark = pytest.mark.django_db
HEALTH, WAIVERS = "/admin/health/", "/policy/waivers/"


def fact(library: str) -> dict[str, object]:
    """Return a finding of a library as it is stored."""
    found = Finding(
        rule="vulnerable", kind="vulnerability", effect=Effect.WARN, library=library, version="1.0",
        words=f"{library} 1.0 has PYSEC-1 (critical)", advice="Ask for another.", key=f"{library} PYSEC-1",
    )  # fmt: skip
    return found.to_dict()


def entry(version: Version, library: str, hours: int) -> None:
    """Add what came up about a version some hours ago."""
    HealthIssue.objects.create(
        version=version, findings=[fact(library)], opened_at=timezone.now() - timedelta(hours=hours)
    )


def waiver(version: Version, library: str, actor: Actor, until: datetime | None) -> Waiver:
    """Add a waiver."""
    return Waiver.objects.create(
        environment=version.environment, version=version, key=f"{library} PYSEC-1", finding=fact(library),
        reason=f"{library} is not reachable", by_id=actor.id, at=timezone.now(), until=until,
    )  # fmt: skip


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer; `one`, `two` and `three` are published."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    for slug in ("one", "two", "three"):
        published(ana, ben, slug, ["six"], {"six": "1.17.0"})
    return ben


def version(slug: str) -> Version:
    """Return the version of an environment."""
    return Version.objects.get(environment__slug=slug)


def test_what_needs_attention_sorts_narrows_and_exports(ben: Actor) -> None:
    """Oldest first unless the address sorts; the filter looks at environments and findings."""
    for hours, (slug, library) in enumerate((("one", "rich"), ("two", "pillow"), ("three", "rich"))):
        entry(version(slug), library, hours)
    client = visitor(ben)
    assert first_cells(client.get(HEALTH)) == ["Three", "Two", "One"]
    assert first_cells(client.get(f"{HEALTH}?sort=version")) == ["One", "Three", "Two"]
    assert first_cells(client.get(f"{HEALTH}?text=RICH&sort=-since")) == ["One", "Three"]
    assert first_cells(client.get(f"{HEALTH}?text=tw")) == ["Two"]
    assert "Nothing matches." in client.get(f"{HEALTH}?text=zz").content.decode()
    rows = exported(client.get(f"{HEALTH}?format=json&text=pillow"))
    assert [(row["version"], row["findings"]) for row in rows] == [("two@1", ["pillow 1.0 has PYSEC-1 (critical)"])]
    assert exported(client.get(f"{HEALTH}?format=csv"))[0]["people"] == "0"


def test_waivers_sort_narrow_and_export(ben: Actor) -> None:
    """Those that expire first on top, without expiry last; ended ones by a filter."""
    soon = timezone.now() + timedelta(days=3)
    waiver(version("one"), "rich", ben, None)
    waiver(version("two"), "pillow", ben, soon + timedelta(days=90))
    waiver(version("three"), "rich", ben, soon)
    end_waiver(ben, waiver(version("one"), "six", ben, None).pk)
    client = visitor(ben)
    page = client.get(WAIVERS)
    assert first_cells(page) == ["three@1", "two@1", "one@1"]
    assert page.content.decode().count('class="badge warn"><span aria-hidden="true">!</span><time') == 1
    assert first_cells(client.get(f"{WAIVERS}?sort=version")) == ["one@1", "three@1", "two@1"]
    assert first_cells(client.get(f"{WAIVERS}?text=RICH")) == ["three@1", "one@1"]
    assert first_cells(client.get(f"{WAIVERS}?text=two")) == ["two@1"]
    assert first_cells(client.get(f"{WAIVERS}?state=ended")) == ["one@1"]
    assert "No waiver matches." in client.get(f"{WAIVERS}?text=zz").content.decode()
    rows = exported(client.get(f"{WAIVERS}?format=csv&sort=-until"))
    assert [(row["version"], row["by"]) for row in rows] == [("two@1", "ben"), ("three@1", "ben"), ("one@1", "ben")]


@pytest.mark.parametrize("days", [None, 30])
def test_the_end_of_a_waiver_is_undone(ben: Actor, days: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message offers it; the finding is waived again, for the same reason and until the same time."""
    until = timezone.now() + timedelta(days=days) if days else None
    made = waiver(version("one"), "rich", ben, until)
    monkeypatch.setattr("assay.flow.review.waive._find", lambda *_: Finding.from_dict(fact("rich")))
    client = visitor(ben)
    client.post(f"{WAIVERS}{made.pk}/end")
    (message,) = client.get(WAIVERS).context["messages"]
    undo = message.extra_tags.removeprefix("undo:")
    assert client.post(undo).status_code == 302
    restored = Waiver.objects.get(key=made.key, reason=made.reason, pk__gt=made.pk)
    assert restored.until == until
    assert client.post(f"{WAIVERS}{restored.pk}/restore").status_code == 409
    assert client.post(f"{WAIVERS}99/restore").status_code == 404
    assert client.post(f"{WAIVERS}{made.pk}/restore?until=soon").status_code == 422


@pytest.mark.parametrize("address", [HEALTH, WAIVERS])
def test_it_costs_as_many_queries_with_one_row_as_with_three(ben: Actor, address: str) -> None:
    """No query for each row."""
    client, costs = visitor(ben), []
    for slug in ("one", "two", "three"):
        entry(version(slug), "rich", 1)
        waiver(version(slug), "rich", ben, None)
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        costs.append(len(queries))
    assert costs[1] == costs[2] <= 20
