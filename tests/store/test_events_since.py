"""Who follows the audit log reads what is new, or learns that it has to begin anew."""

from __future__ import annotations

import pytest
from support.people import draft, person

from assay.store.models import Event
from assay.store.reads import events_since as module
from assay.store.reads.events_since import events_since

pytestmark = pytest.mark.django_db


def test_events_after_a_position_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the log; None for another log, and for too many events."""
    ana = person("ana")
    draft(ana, "geo")
    events = list(Event.objects.filter(workspace_id=ana.workspace_id).order_by("sequence"))
    written = [(one.name, one.environment) for one in events]
    assert ("version.created", "geo") in written
    assert events_since(ana.workspace_id, (0, "")) == written
    first, last = events[0], events[-1]
    assert events_since(ana.workspace_id, (first.sequence, first.hash)) == written[1:]
    assert events_since(ana.workspace_id, (last.sequence, last.hash)) == []
    assert events_since(ana.workspace_id, (first.sequence, "another")) is None
    monkeypatch.setattr(module, "MOST", len(written) - 1)
    assert events_since(ana.workspace_id, (0, "")) is None
    assert events_since(ana.workspace_id, (first.sequence, first.hash)) == written[1:]
