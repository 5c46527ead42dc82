"""Administrators add and remove applications, by their commands too; what comes with Assay stays."""

from __future__ import annotations

import pytest
from support.people import person

from assay.cli.main import main
from assay.core.applications import BUILT_IN, Application
from assay.core.errors import ConflictError, ForbiddenError, NotFoundError
from assay.core.roles import Role
from assay.flow.launch.applications import add_application, list_applications, remove_application
from assay.store.models import Event

pytestmark = pytest.mark.django_db
PLAIN = Application(slug="plain", name="Plain", argv=("x", "{port}"), needs=("six",), strips=True, icon="chart")


def test_an_administrator_adds_one_for_the_workspace_only() -> None:
    """What was written is read; other workspaces know nothing of it; the trail says who."""
    ada, bob = person("ada", Role.ADMIN), person("bob", Role.ADMIN, "other")
    add_application(ada, PLAIN)
    assert list_applications(ada.workspace_id) == (*BUILT_IN, PLAIN)
    assert list_applications(bob.workspace_id) == BUILT_IN
    with pytest.raises(ConflictError):
        add_application(ada, PLAIN)
    with pytest.raises(NotFoundError):
        remove_application(bob, "plain")
    remove_application(ada, "plain")
    assert list_applications(ada.workspace_id) == BUILT_IN
    names = Event.objects.filter(name__startswith="application.").order_by("pk").values_list("name", "actor")
    assert list(names) == [("application.added", "ada"), ("application.removed", "ada")]


def test_nobody_else_does() -> None:
    """A reviewer may not; what comes with Assay is neither replaced nor removed."""
    with pytest.raises(ForbiddenError):
        add_application(person("ben", Role.REVIEWER), PLAIN)
    ada = person("ada", Role.ADMIN)
    with pytest.raises(ConflictError):
        add_application(ada, Application(slug="lab", name="Mine", argv=("x", "{port}")))
    with pytest.raises(NotFoundError):
        remove_application(ada, "lab")


def test_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Words after -- are the command."""
    person("ada")
    add = ["admin", "application", "add", "shiny", "--name", "Shiny", "--needs", "shiny", "--"]
    assert main([*add, "{prefix}/bin/python", "-m", "shiny", "--port={port}"]) == 0
    assert main(["admin", "application", "list"]) == 0
    assert "{prefix}/bin/python -m shiny --port={port}" in capsys.readouterr().out.replace("'", "")
    assert main([*add, "no-port"]) == 1
    assert "does not contain {port}" in capsys.readouterr().err
    assert main(["admin", "application", "remove", "shiny"]) == 0
    assert main(["admin", "application", "remove", "shiny"]) == 1
