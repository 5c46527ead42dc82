"""`assay usage`: tables and JSON over HTTP, and the rebuild on the server's machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from support.people import person, published

from assay.core.prices import read_hour_prices
from assay.core.roles import Role
from assay.flow.usage import update
from assay.store.models import DailyUse, Launch

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_usage_by_commands(command: Command, settings: Any) -> None:  # noqa: ANN401 - pytest-django's settings
    """What is used, what is not, each day, and all sums again."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    assert command("ben", "usage") == (0, "Nothing is published yet.\n")
    geo = published(ana, ben, "geo", ["six"], {"six": "1"})
    published(ana, ben, "tiles", ["six"], {"six": "2"})
    begin = timezone.now().replace(hour=1) - timedelta(days=2)
    Launch.objects.create(
        person_id=ana.id, environment_id=geo.environment_id, version=geo, kind="studio", digest="d", size="large",
        target_id="s", started_at=begin, ended_at=begin + timedelta(hours=2),
    )  # fmt: skip
    update.advance()
    _, said = command("ben", "usage", "--days", "30")
    assert said.splitlines() == [
        "Version  People  Launches  Runs  Hours  Last used      Size    Own",
        f"geo@1         1         1     0    2.0  {begin.date()}  5.00 kB  500 B",
        "tiles@1       0         0     0    0.0  never       5.00 kB  500 B",
    ]
    settings.SIZE_PRICES = read_hour_prices("large=1.5")
    update.advance()
    assert command("ben", "usage")[1].splitlines()[-1] == "2 rows, 3.00 EUR"
    assert "Environments" in command("ben", "usage", "--by", "owner")[1]
    found = json.loads(command("ben", "usage", "--by", "environment", "--unused", "--json")[1])
    assert [one["environment"] for one in found["items"]] == ["tiles"]
    days = json.loads(command("ben", "usage", "--daily", "--days", "7", "--json")[1])["items"]
    assert [one["hours"] for one in days][-3] == 2.0
    assert command("ben", "usage", "--daily", "geo", "--days", "7")[1].splitlines()[0].startswith("Day")
    assert command("ben", "usage", "--daily", "none")[0] == 1
    assert command("ana", "usage")[0] == 1
    DailyUse.objects.update(launches=70)
    assert command("ben", "usage", "rebuild") == (0, "Computed the sums of usage again from 1 launches.\n")
    assert DailyUse.objects.get().launches == 1
    code, said = command("ben", "usage", "rebuild", "--workspace", "none")
    assert (code, "There is no workspace" in said) == (1, True)
