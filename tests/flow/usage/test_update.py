"""The worker's step: what it keeps up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import person, published

from assay.core.roles import Role
from assay.flow.launch.launch import authorize_launch, end_launch, record_launch
from assay.flow.usage import update
from assay.store.models import DailyUse, Launch

pytestmark = pytest.mark.django_db


def test_the_worker_adds_launches_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says whether there is more to do at once; the size of a server is kept."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    permission = authorize_launch(ana, "geo")
    record_launch(permission, ana, kind="studio", target_id="s1", size="large")
    end_launch("studio", "s1")
    Launch.objects.update(ended_at=timezone.now() + timedelta(seconds=1))
    monkeypatch.setattr(update, "MOST", 1)
    assert [update.advance(), update.advance()] == [True, False]
    assert [(one.kind, one.size, one.launches) for one in DailyUse.objects.all()] == [("studio", "large", 1)]
