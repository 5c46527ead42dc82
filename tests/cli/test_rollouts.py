"""`assay activate`, `assay rollout`, and the options of `assay submit` that say who gets a version first."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.people import built, person
from support.rollouts import PILOT, rolled_out, server

from assay.core.roles import Role
from assay.flow.access import find_environment
from assay.flow.compose.draft import new_version
from assay.flow.maintenance import rollouts
from assay.flow.people import set_workspace
from assay.store.models import Submission

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pilot_by_commands(command: Command) -> None:
    """Submit with a pilot, look at it, halt, resume, complete, and point the name back."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eve")
    rolled_out(ana, ben, "geo")
    new_version(ana, "geo")
    digest = built(ana, "geo", 2).digest
    code, said = command("ana", "submit", "geo@2", "--pilot-starts", "5")
    assert (code, "Nobody is named" in said) == (1, True)
    assert command("ana", "submit", "geo@2", "--pilot", "eve, ", "--pilot-starts", "5")[0] == 0
    assert Submission.objects.get(version__number=2).rollout == PILOT.to_dict()
    assert command("ben", "rollout", "geo")[0] == 1
    assert command("ben", "approve", "geo@2")[0] == 0
    second = find_environment(ben, "geo").versions.get(number=2)
    assert second.digest == digest
    server(second)
    for _ in range(2):
        server(second, state="failed")
    rollouts.advance()
    _, said = command("ana", "rollout", "geo")
    assert said.splitlines() == [
        "geo@2  halted  2 of 3 starts failed (67 %); in the version before 0 of 0 (0 %)",
        "Pilot:   eve (1 person)",
        "Ends:    after 5 successful starts",
        "Starts:  1 good, 2 failed (67 %)",
        "Before:  geo@1, 0 of 0 starts failed (0 %)",
    ]
    code, said = command("ben", "rollout", "geo", "--resume")
    assert (code, "A reason is needed" in said) == (1, True)
    _, said = command("ben", "rollout", "geo", "--resume", "--reason", "The proxy was down.")
    assert said.startswith("geo@2  pilot\n")
    assert command("ben", "rollout", "geo", "--complete")[0] == 0
    found = json.loads(command("ana", "rollout", "geo", "--json")[1])
    assert (found["state"], found["members"], found["pilot"], found["version"]) == ("completed", ["eve"], 1, 2)
    assert command("ben", "activate", "geo@1", "--reason", "Slow.") == (0, "geo means geo@1 now.\n")
    code, said = command("ana", "activate", "geo@2", "--reason", "Slow.")
    assert (code, "Your role is member" in said) == (1, True)
    assert command("ben", "activate", "geo", "--reason", "x")[0] == 1
    assert command("ben", "rollout", "geo@1")[0] == 1
    assert command("ben", "rollout", "nothing")[0] == 1


def test_the_workspace_has_a_default(command: Command) -> None:
    """Set and shown on the server's machine."""
    person("ana")
    code, said = command("ana", "admin", "workspace", "--pilot", "ana", "--pilot-days", "7")
    assert (code, "ana first, everyone after 7 days without failure" in said) == (0, True)
    assert "everyone at once" in command("ana", "admin", "workspace", "--pilot", "")[1]
    assert set_workspace("default", {})["rollout"] == {}
