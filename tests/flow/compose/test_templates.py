"""Templates: marked by administrators only, with an event, and offered while they can be used."""

from __future__ import annotations

import pytest
from support.caller import Caller
from support.people import draft, person, published

from assay.core.errors import ConflictError, ForbiddenError, NotFoundError
from assay.core.lifecycle import Health
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.compose.templates import set_template
from assay.store.models import Environment, Event, Version
from assay.store.reads import templates as reads
from assay.store.reads.templates import templates

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Actor:
    """Return an administrator, in a workspace with a published environment."""
    published(
        person("ana"), person("ben", Role.REVIEWER), "geo", ["six", "attrs>=25"], {"six": "1.17", "attrs": "25.1"}
    )
    return person("eva", Role.ADMIN)


def test_marking_and_removing_are_events_and_repeating_is_none(admin: Actor) -> None:
    """The mark is seen in the catalogue; saying it twice changes nothing."""
    for template in (True, True, False, False, True):
        assert set_template(admin, "geo", template=template).template is template
    events = Event.objects.filter(name="environment.template-set").order_by("sequence")
    assert [(one.environment, one.actor, one.detail["template"]) for one in events] == [
        ("geo", "eva", True),
        ("geo", "eva", False),
        ("geo", "eva", True),
    ]


def test_only_administrators_mark_and_only_what_is_published(admin: Actor) -> None:
    """A draft is no template; one that lost its last version can still be removed."""
    ana = person("ada")
    draft(ana, "mine")
    for other in (ana, person("rob", Role.REVIEWER)):
        with pytest.raises(ForbiddenError):
            set_template(other, "geo", template=True)
    with pytest.raises(NotFoundError):
        set_template(admin, "mine", template=True)
    own = draft(admin, "own")
    with pytest.raises(ConflictError, match="no published version"):
        set_template(admin, "own", template=True)
    Environment.objects.filter(pk=own.environment_id).update(template=True)
    assert set_template(admin, "own", template=False).template is False
    Environment.objects.filter(pk=own.environment_id).update(template=True, latest=None)
    assert set_template(admin, "own", template=False).template is False


def test_templates_are_offered_while_they_are_sound(admin: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither deprecated nor quarantined ones; as many as fit on a page, and one more to say so."""
    set_template(admin, "geo", template=True)
    (found,) = templates(admin)
    assert (found.reference, found.title, found.python, found.base) == ("geo@1", "Geo", "3.11", "")
    assert (found.libraries, found.installed) == (2, 2)
    monkeypatch.setattr(reads, "MOST", 0)
    assert len(templates(admin)) == 1
    Version.objects.update(health=Health.QUARANTINED)
    assert templates(admin) == []
    Version.objects.update(health=Health.OK)
    retire.deprecate(admin, "geo", 1, reason="old")
    assert templates(admin) == []


def test_the_api_marks_and_lists(admin: Actor) -> None:
    """The catalogue filters by templates."""
    caller = Caller(admin)
    assert caller.get("/environments?template=true").json()["items"] == []
    assert caller.put("/environments/geo/template", {"template": True}).json()["template"] is True
    rows = caller.get("/environments?template=true").json()["items"]
    assert [(one["slug"], one["template"]) for one in rows] == [("geo", True)]
    assert Caller(person("ada")).put("/environments/geo/template", {"template": True}).status_code == 403
    assert caller.put("/environments/nothing/template", {"template": True}).status_code == 404
    assert caller.put("/environments/geo/template", {}).status_code == 422
