"""What pages read has a bound: choices of versions, counts of tabs, parts of names in the audit log."""

from __future__ import annotations

import pytest
from support.people import draft, person, published
from web.test_pages import visitor

from assay.core.roles import Actor, Role
from assay.store.models import Environment, Event
from assay.store.reads.audit_log import EventFilters, event_rows
from assay.store.reads.catalogue import Filters, _by_status, counts
from assay.store.reads.launchable import launch_choices
from assay.store.reads.ordering import Order
from assay.web.templatetags.assay import bounded
from assay.web.templatetags.choices import version_choice

pytestmark = pytest.mark.django_db
PINS = {"six": "1.0"}


@pytest.fixture
def ana() -> Actor:
    """Return the author of three environments, one of them deprecated, and of a draft that is not built."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    for slug in ("geo", "tiles", "web"):
        published(ana, ben, slug, ["six"], PINS)
    version = Environment.objects.get(slug="web").active
    assert version is not None
    type(version).objects.filter(pk=version.pk).update(status="deprecated")
    draft(ana, "mine")
    return ana


def names(choices: list[object]) -> list[str]:
    """Return the references of choices."""
    return [one.reference for one in choices]  # type: ignore[attr-defined]  # Choice


def test_choices_are_found_in_the_database(ana: Actor) -> None:
    """By each word: a part of name, title or description, a reference, or a library; at most as many as are shown."""
    assert names(launch_choices(ana)) == ["geo@1", "tiles@1", "web@1"]
    assert names(launch_choices(ana, published=True)) == ["geo@1", "tiles@1"]
    assert names(launch_choices(ana, limit=1)) == ["geo@1"]
    assert names(launch_choices(ana, "SIX ti")) == ["tiles@1"]
    assert names(launch_choices(ana, "geo@1")) == ["geo@1"]
    assert names(launch_choices(ana, "nothing")) == []


def test_a_version_is_chosen_from_a_list_or_typed() -> None:
    """A field with suggestions from as many choices on as are read; a value that is not among them stays."""
    few = version_choice("base", "old@1", [("geo@1", "<Geo>")], none="None", described="hint", invalid=True)
    assert few == (
        '<select id="base" name="base" aria-describedby="hint" aria-invalid="true"><option value="">None</option>'
        '<option value="old@1" selected>old@1</option><option value="geo@1">geo@1 · &lt;Geo&gt;</option></select>'
    )
    assert version_choice("to", None, [("geo@1", "Geo")]).startswith(
        '<select id="to" name="to" required><option value="geo@1">'
    )
    many = version_choice("base", "geo@7", [(f"geo@{number}", "Geo") for number in range(200)])
    assert many.startswith('<input id="base" name="base" required value="geo@7" list="base-choices"')
    assert many.count("<option") == 200


def test_counts_stop(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab says `1,000+` instead of waiting for the exact number."""
    assert (bounded(7), bounded(1000), bounded(1001)) == ("7", "1,000", "1,000+")
    monkeypatch.setattr("assay.store.reads.counting.MOST", 1)
    _by_status.cache_clear()  # compiled with the other bound
    found = counts(ana, Filters(), ["published"]) | counts(ana, Filters(text="zz"), ["draft"])
    _by_status.cache_clear()
    assert found == {"published": 2, "draft": 0}


@pytest.mark.usefixtures("ana")
def test_a_part_of_a_name_is_looked_for_among_the_last_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole name finds all of its events; the page says what a part finds."""
    root = person("root", Role.ADMIN)
    total = Event.objects.filter(environment="geo").count()

    def found(**given: str) -> int:
        return len(event_rows(root, EventFilters(**given), Order(), 100).rows)

    assert (found(environment="geo"), found(environment="ge"), found(environment="zz")) == (total, total, 0)
    monkeypatch.setattr("assay.store.reads.audit_log.SEARCHED", 1)
    assert (found(environment="geo"), found(environment="ge")) == (total, 0)
    assert "last 100,000 events" in visitor(root).get("/admin/audit/").content.decode()


def test_the_page_of_an_environment_pages_its_versions(ana: Actor) -> None:
    """The API, too; its document has the last versions."""
    client = visitor(ana)
    assert "1 row" in client.get("/environments/geo/?tab=versions").content.decode()
    assert client.get("/environments/geo/9/").status_code == 404
