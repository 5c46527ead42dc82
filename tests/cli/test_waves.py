"""`assay rebase` and `assay wave`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.bases import behind_base
from support.people import person
from support.waves import CONFLICT, work

from assay.core.roles import Role
from assay.store.models import Wave

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wave_by_commands(command: Command) -> None:
    """Plan, start, follow, retry, stop."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    assert command("ben", "wave", "list") == (0, "No waves.\n")
    behind_base(ana, ben, person("rita", Role.REVIEWER))
    _, said = command("ana", "list", "--behind")
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["abc@1", "geo@1"]
    assert len(command("ana", "list")[1].splitlines()) == 6
    _, said = command("ben", "rebase", "ds", "--plan")
    assert said.splitlines() == [
        "Environment  Builds on  Owner  Level  What happens",
        "abc@1        ds@1       ana        1  drafted, built and submitted",
        "geo@1        ds@1       ana        1  drafted, built and submitted",
        "web@1        geo@1      ana        2  drafted when geo is published",
        "tiles@1      web@1      ana        3  drafted when web is published",
        "4 environments would be rebased on ds@2.",
    ]
    assert command("ben", "rebase", "tiles", "--plan") == (0, "0 environments would be rebased on tiles@1.\n")
    assert json.loads(command("ana", "rebase", "ds", "--plan", "--json")[1])["base"] == "ds@2"
    code, said = command("ben", "rebase", "ds@1")
    assert (code, "is not the active version" in said) == (1, True)
    assert command("ben", "rebase", "No Name")[0] == 1
    _, said = command("ben", "rebase", "ds@2", "--targets", "geo, abc,web")
    wave = Wave.objects.get()
    number = str(wave.pk)
    assert said == f"Wave {number} has started. Next: assay wave show {number}\n"
    work(failures={"abc": CONFLICT})
    _, said = command("ben", "wave", "show", number)
    lines = said.splitlines()
    assert lines[:2] == [
        f"Wave {number} on ds@2  running",
        "1 submitted, 1 failed, 1 queued, of 3 environments. By ben.",
    ]
    assert [line.split()[:3] for line in lines[4:7]] == [
        ["abc", "failed", "abc@2"],
        ["web", "queued", "(waits"],
        ["geo", "submitted", "geo@2"],
    ]
    assert "abc: It does not resolve on ds@2: plot 1.0 depends on core<2" in said
    assert "+0 -0 ~1" in said
    _, said = command("ben", "wave", "list", "--base", "ds")
    assert said.splitlines()[1].split()[:3] == [number, "ds@2", "running"]
    assert json.loads(command("ben", "wave", "list", "--json")[1])[0]["id"] == wave.pk
    assert "queued" in command("ben", "wave", "retry", number)[1]
    found = json.loads(command("ben", "wave", "stop", number, "--delete-drafts", "--json")[1])
    assert (found["state"], found["counts"]) == ("stopped", {"stopped": 2, "submitted": 1})
    assert "ben stopped it." in command("ben", "wave", "show", number)[1]
    code, said = command("ben", "wave", "stop", number)
    assert (code, "The wave is stopped." in said) == (1, True)
    again = json.loads(command("ana", "rebase", "ds", "--targets", "abc", "--json")[1])
    assert again["wave"] > wave.pk


def test_the_workspace_rebases_by_itself(command: Command) -> None:
    """Set on the server's machine."""
    person("ana")
    code, said = command("ana", "admin", "workspace", "--rebase-automatically", "yes")
    assert (code, "rebase-automatically: yes" in said) == (0, True)
