"""The bell: it rings when what was queued is committed, and never for what was rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from support.people import draft, person

from assay.flow.build import wakeup
from assay.flow.build.build import request_build

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_committed_request_rings() -> None:
    """A queued build rings; the worker then looks at once."""
    ana = person("ana")
    draft(ana, "geo")
    before = wakeup.last_wake()
    request_build(ana, "geo", 1)
    assert wakeup.last_wake() != before


def test_what_is_rolled_back_does_not_ring() -> None:
    """Nobody is woken for what never happened."""
    before = wakeup.last_wake()
    with transaction.atomic():
        wakeup.wake_worker()
        transaction.set_rollback(True)
    assert wakeup.last_wake() == before


def test_before_the_first_request_there_is_no_wake_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of a new installation starts with 0; the first request makes the file and its directory."""
    monkeypatch.setattr(wakeup, "home", lambda: tmp_path)
    assert wakeup.last_wake() == 0
    wakeup.wake_worker()
    assert wakeup.last_wake() > 0
