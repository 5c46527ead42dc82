"""`assay review-list`, `keep`, `renew` and `owner`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from support.people import person, published

from assay.core.roles import Role
from assay.flow.maintenance import review_list
from assay.flow.people import set_workspace
from assay.store.models import ProjectFacts, Version

Command = Callable[..., tuple[int, str]]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_quarterly_review_by_commands(command: Command) -> None:
    """List, keep, renew, and give to somebody else."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "web", ["flask"], {"flask": "3.0"})
    assert command("ben", "review-list") == (0, "Nothing to review.\n")
    assert command("ben", "review-list", "--kept") == (0, "No version is kept.\n")
    Version.objects.update(published_at=timezone.now() - timedelta(days=200))
    review_list.refresh(ana.workspace_id)
    said = command("ben", "review-list", "--owner", "ana")[1]
    assert "Never used since it was published 200 days ago." in said
    assert said.splitlines()[0].split() == [
        "Version",
        "Owner",
        "Since",
        "People",
        "Projects",
        "Built",
        "on",
        "it",
        "Frees",
        "Next",
        "step",
        "Why",
    ]
    assert "2 versions. Retiring them would free at least" in said
    rows = json.loads(command("ben", "review-list", "--reason", "unused", "--text", "web", "--json")[1])
    assert [one["reference"] for one in rows] == ["web@1"]
    code, said = command("ana", "review-list")
    assert (code, "Your role is member" in said) == (1, True)
    until = str(timezone.now().date() + timedelta(days=30))
    assert command("ben", "keep", "web")[0] == 1
    kept = command("ben", "keep", "web", "--until", until, "--reason", "Report.")
    assert kept == (0, f"web@1 is kept until {until}.\n")
    assert command("ben", "review-list", "--kept")[1].splitlines()[1].split() == ["web@1", until, "ben", "Report."]
    assert command("ben", "keep", "web@1", "--end") == (0, "web@1 is no longer kept.\n")
    assert command("ana", "owner", "web", "--to", "ben") == (0, "web belongs to ben now.\n")
    assert command("ana", "owner", "web@1", "--to", "ben")[0] == 1
    assert command("ana", "owner", "web", "--to", "ana")[0] == 1


def test_renew_by_commands(command: Command) -> None:
    """Look first, then renew with a reason."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    document = {"newest": "1.17.0", "newest_at": None, "status": "archived", "status_reason": ""}
    ProjectFacts.objects.create(
        name="six", document={**document, "yanked": {}, "attested": []}, fetched_at=timezone.now()
    )
    said = command("ana", "renew", "geo@1")[1]
    assert "its approval does not end" in said
    assert "six 1.16.0 -> 1.17.0 (minor), archived" in said
    assert "0 people in 90 days, 0 projects, 0 built on it" in said
    set_workspace("default", {"approval_days": 30})
    ends = str(timezone.now().date() + timedelta(days=30))
    assert f"approval expires in 30 days, on {ends}" in command("ana", "renew", "geo@1")[1]
    renewed = command("ben", "renew", "geo@1", "--reason", "Good.")
    assert renewed == (0, f"The approval of geo@1 is renewed. It is good until {ends}.\n")
    assert json.loads(command("ben", "renew", "geo@1", "--json")[1])["renewals"][0]["reason"] == "Good."
    assert json.loads(command("ben", "renew", "geo@1", "--reason", "Again.", "--json")[1])["reference"] == "geo@1"
    set_workspace("default", {"approval_days": 0})
    assert command("ben", "renew", "geo@1", "--reason", "x") == (0, "The approval of geo@1 is renewed.\n")
    assert command("ana", "renew", "geo@1", "--reason", "x")[0] == 1
