"""Applications of a workspace: built in, added, removed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.people import person

from assay.core.applications import BUILT_IN, Application, words_of
from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow.launch.applications import add_application, find_application, list_applications, remove_application
from assay.store.models import Event

pytestmark = pytest.mark.django_db
SHINY = Application(slug="shiny", name="Shiny", argv=("{prefix}/bin/python", "{port}"), needs=("shiny",))


@pytest.fixture
def admin() -> Actor:
    """Return an administrator."""
    return person("root", Role.ADMIN)


def test_an_added_application_is_listed_after_the_built_in_ones(admin: Actor) -> None:
    """It is found by its short name, only in its workspace, and both steps are events."""
    add_application(admin, SHINY)
    assert [one.slug for one in list_applications(admin.workspace_id)] == [*(one.slug for one in BUILT_IN), "shiny"]
    assert find_application(admin.workspace_id, "shiny") == SHINY
    assert find_application(admin.workspace_id, "") == BUILT_IN[0]
    other = person("olga", Role.ADMIN, "other")
    with pytest.raises(NotFoundError):
        find_application(other.workspace_id, "shiny")
    remove_application(admin, "shiny")
    assert list_applications(admin.workspace_id) == BUILT_IN
    events = Event.objects.filter(name__startswith="application.").order_by("pk")
    names = list(events.values_list("name", flat=True))
    assert names == ["application.added", "application.removed"]


def test_a_short_name_is_used_once(admin: Actor) -> None:
    """Neither a second one nor one with the name of a built-in application is added."""
    add_application(admin, SHINY)
    for taken in ("shiny", BUILT_IN[0].slug):
        with pytest.raises(ConflictError):
            add_application(admin, replace(SHINY, slug=taken))
    with pytest.raises(NotFoundError):
        remove_application(admin, BUILT_IN[0].slug)


def test_only_an_administrator_changes_them() -> None:
    """A reviewer neither adds nor removes one."""
    reviewer = person("rea", Role.REVIEWER)
    with pytest.raises(ForbiddenError):
        add_application(reviewer, SHINY)
    with pytest.raises(ForbiddenError):
        remove_application(reviewer, "shiny")


def test_a_command_is_split_as_a_shell_does() -> None:
    """Quotes hold words together; one that is left open is an error."""
    assert words_of("python -m 'my app' {port}") == ("python", "-m", "my app", "{port}")
    with pytest.raises(InvalidInputError):
        words_of("python 'open")
