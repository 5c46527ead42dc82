"""Reassessment: few versions by the worker itself, many by a process of low priority."""

from __future__ import annotations

import subprocess
import sys

import django
import pytest
from support.people import person, published

from assay.core.roles import Role
from assay.jobs import low_priority, reassessment
from assay.jobs.reassessment import Reassessment
from assay.store.models import WorkspaceAssessment

pytestmark = pytest.mark.django_db


def test_many_versions_are_assessed_by_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds do not wait for it; after a failure it is started again, but not at once."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    for slug in ("one", "two"):
        published(ana, ben, slug, ["six"], {"six": "1.0"})
    started: list[list[str]] = []

    def start(argv: list[str]) -> subprocess.Popen[bytes]:
        started.append(argv)
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])

    monkeypatch.setattr(low_priority, "_start", start)
    jobs = Reassessment()
    assert jobs.advance(), "two are few"
    assert not jobs.advance()
    assert (started, WorkspaceAssessment.objects.count()) == ([], 1)
    WorkspaceAssessment.objects.all().delete()
    monkeypatch.setattr(reassessment, "MOST_HERE", 1)
    assert jobs.advance()
    assert started == [[sys.executable, "-m", "assay.jobs.reassessment"]]
    assert jobs._process._process
    jobs._process._process.wait()
    assert jobs.advance()
    assert len(started) == 1
    monkeypatch.setattr(django, "setup", lambda: None)
    assert reassessment.main() == 0
    assert not jobs.advance()


def test_while_a_process_assesses_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker looks again soon."""
    monkeypatch.setattr(low_priority.LowPriorityProcess, "is_running", lambda _: True)
    assert Reassessment().advance()
