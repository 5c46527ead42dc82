"""`assay impact`, `deprecate`, `restore`, `retire`, `quarantine` and `release`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from django.utils import timezone
from support.people import person, published
from support.rollouts import project, server

from assay.core.roles import Role
from assay.flow.paths import prefix
from assay.store.models import Launch, LibraryUse, Version

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_version_ends_by_commands(command: Command) -> None:
    """Look at the impact, deprecate, change it, retire, bring it back, publish it again."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    version = published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.5", "plot": "3.0"})
    published(ana, ben, "new", ["frame"], {"frame": "2.0"})
    project(ana, "figures", "geo@1")
    Launch.objects.create(
        person_id=ana.id,
        environment=version.environment,
        version=version,
        kind="kernel",
        digest=version.digest,
        target_id="x",
        started_at=timezone.now(),
    )
    code, said = command("ben", "impact", "geo@1", "--successor", "new")
    assert code == 0
    lines = said.splitlines()
    assert lines[:8] == [
        "Version:   geo@1",
        "People:    1 (ana) in 90 days",
        "Running:   0 servers, 0 runs, 0 apps; 0 schedules",
        "Projects:  1 (figures of ana)",
        "Derived:   0",
        "Frees:     1.00 kB",
        "Successor: new@1",
        "Covers:    50 % of the direct libraries; loses plot; 1 library in another version, 1 major",
    ]
    assert "frame    1.5  2.0    major" in lines
    token = lines[-1].removeprefix("Token:").strip()
    assert json.loads(command("ben", "impact", "geo@1", "--successor", "new@1", "--json")[1])["token"] == token
    _, said = command("ben", "impact", "geo@1")
    assert "Proposed:  new@1, covers 50 % of the direct libraries" in said
    assert command("ana", "impact", "geo@1")[0] == 1
    assert "A message is needed" in command("ben", "deprecate", "geo@1")[1]
    wanted = ("deprecate", "geo@1", "--message", "Old.", "--successor", "new@1", "--end", "2090-06-30")
    code, said = command("ben", *wanted, "--impact", "0" * 32)
    assert (code, "is not the one that you saw" in said) == (1, True)
    assert command("ben", *wanted, "--impact", token) == (
        0,
        "geo@1 is deprecated; its successor is new@1; it ends on 2090-06-30.\n",
    )
    assert "is not a date" in command("ben", "deprecate", "geo@1", "--end", "soon")[1]
    assert command("ben", "deprecate", "geo@1", "--end", "") == (0, "geo@1 is deprecated; its successor is new@1.\n")
    assert Version.objects.get(pk=version.pk).reason == "Old."
    _, said = command("ana", "kernel", "list")
    assert said.endswith("geo@1 is deprecated: Old. Use new@1 instead.\n")
    held = server(version, "ana")
    assert command("eva", "retire", "geo@1", "--reason", "Gone.")[0] == 1
    code, said = command("eva", "retire", "geo@1", "--reason", "Gone.", "--force")
    assert (code, said) == (0, "geo@1 is retired. People are led to new@1.\n")
    assert command("eva", "restore", "geo@1") == (0, "geo@1 is deprecated again.\n")
    held.delete()
    command("eva", "retire", "geo@1", "--reason", "Gone.")
    shutil.rmtree(prefix(version.digest))
    assert "Its files were removed" in command("eva", "restore", "geo@1")[1]
    assert command("ben", "restore", "geo@1") == (0, "geo@1 is published again.\n")


def test_quarantine_and_imports(command: Command) -> None:
    """Quarantine, release, and the impact by what is imported."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    version = published(ana, ben, "geo", ["frame", "plot"], {"frame": "1.5", "plot": "3.0"})
    published(ana, ben, "new", ["frame"], {"frame": "1.5"})
    for library in ("", "frame"):
        LibraryUse.objects.create(version=version, day=timezone.now().date(), library=library, sessions=1)
    _, said = command("ben", "impact", "geo@1", "--successor", "new")
    assert "Covers:    100 % of the imported libraries\n" in said
    assert command("eva", "quarantine", "geo@1", "--reason", "Malware.") == (0, "geo@1 is quarantined.\n")
    assert command("eva", "release", "geo@1", "--reason", "No.") == (0, "geo@1 is released from quarantine.\n")
