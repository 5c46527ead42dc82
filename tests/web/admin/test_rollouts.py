"""Pages say who gets a version first, and who let a name stand for another one."""

from __future__ import annotations

import pytest
from support.people import person, visitor
from support.rollouts import PILOT, rolled_out, submitted

from assay.core.roles import Role
from assay.flow.maintenance.rollouts import set_active

pytestmark = pytest.mark.django_db


def test_a_reviewer_reads_who_gets_a_version_first() -> None:
    """Beside the decision and in its confirmation; and after the approval, that not everyone has it."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eve")
    rolled_out(ana, ben, "geo")
    second = submitted(ana, "geo", PILOT)
    client = visitor(ben)
    page = client.get("/environments/geo/2/review").content.decode()
    words = "Goes to 1 person (eve) first; 2 others keep geo@1 until 5 successful starts."
    assert page.count(words) == 2
    done = client.post("/environments/geo/2/approve", {"digest": second.digest}, follow=True).content.decode()
    assert "geo@2 is published. Its pilot group gets it first." in done
    third = submitted(ana, "geo")
    page = client.get("/environments/geo/3/review").content.decode()
    assert "first;" not in page
    assert "to 3 people." in page
    done = client.post("/environments/geo/3/approve", {"digest": third.digest}, follow=True).content.decode()
    assert "geo@3 is published. Everyone can pick it now." in done


def test_an_environment_says_who_let_its_name_stand_for_an_earlier_version() -> None:
    """With the reason, until another one is published."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    rolled_out(ana, ben, "geo")
    rolled_out(ana, ben, "geo")
    client = visitor(ana)
    assert "set this" not in client.get("/environments/geo/").content.decode()
    set_active(ben, "geo", 1, reason="geo@2 reads tiles wrongly.")
    page = client.get("/environments/geo/").content.decode()
    assert "geo means geo@1. ben set this" in page
    assert "geo@2 reads tiles wrongly." in page
    rolled_out(ana, ben, "geo")
    assert "set this" not in client.get("/environments/geo/").content.decode()
