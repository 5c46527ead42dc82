"""Pages of roll-outs: who gets a version first, its figures, and what a name means."""

from __future__ import annotations

import pytest
from support.people import built, draft, lock_of, person, visitor
from support.rollouts import PILOT, rolled_out, server, submitted

from assay.core.roles import Role
from assay.flow.compose.draft import new_version
from assay.flow.maintenance.rollouts import advance, set_active
from assay.flow.review import review
from assay.store.models import Submission, Workspace

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


def test_an_author_chooses_a_pilot_group() -> None:
    """The form offers it once people use a version; a mistake keeps what was typed; a first version has no choice."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eve")
    client = visitor(ana)
    first = draft(ana, "geo")
    built(ana, "geo", 1, lock_of({"six": "1.0.0"}))
    assert "Who gets it first" not in client.get("/environments/geo/1/submit").content.decode()
    client.post("/environments/geo/1/submit", {"note": "please"})
    first.refresh_from_db()
    review.approve(ben, "geo", 1, digest=first.digest)
    new_version(ana, "geo")
    built(ana, "geo", 2, lock_of({"six": "2.0.0"}))
    assert "Who gets it first" in client.get("/environments/geo/2/").content.decode()
    wrong = {"note": "Tiles.", "reach": "pilot", "pilot_people": "eve zoe", "pilot_starts": "3"}
    refused = client.post("/environments/geo/2/submit", wrong)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "&#x27;zoe&#x27; is not a member of this workspace." in page
    assert 'value="eve zoe"' in page
    assert "Tiles." in page
    for changed, words in (
        ({"pilot_people": ""}, "The pilot group is empty."),
        ({"pilot_starts": "many"}, "is not a number of starts."),
        ({"pilot_starts": ""}, "The pilot has no end."),
    ):
        again = client.post("/environments/geo/2/submit", {**wrong, "pilot_people": "eve", **changed})
        assert (again.status_code, words in again.content.decode()) == (422, True)
    done = client.post("/environments/geo/2/submit", {**wrong, "pilot_people": "eve"}, follow=True)
    assert "geo@2 is submitted." in done.content.decode()
    assert Submission.objects.get(version__number=2).rollout["people"] == ["eve"]


def test_a_workspace_has_a_default_rollout() -> None:
    """Set on the Workspace page; a submission takes it unless its author chooses otherwise."""
    ana, ben, root = person("ana"), person("ben", Role.REVIEWER), person("root", Role.ADMIN)
    rolled_out(ana, ben, "geo")
    form = {"approvals": "1", "reach": "pilot", "pilot_people": "ben", "pilot_days": "7"}
    refused = visitor(root).post("/admin/workspace/", {**form, "pilot_people": "nobody"})
    assert refused.status_code == 422
    assert 'value="nobody"' in refused.content.decode()
    assert visitor(root).post("/admin/workspace/", form).status_code == 302
    assert 'name="pilot_people" class="mono" value="ben"' in visitor(root).get("/admin/workspace/").content.decode()
    new_version(ana, "geo")
    built(ana, "geo", 2, lock_of({"six": "2.0.0"}))
    page = visitor(ana).get("/environments/geo/2/submit").content.decode()
    assert "As the workspace does: ben first, everyone after 7 days without failure" in page
    visitor(ana).post("/environments/geo/2/submit", {"reach": "everyone"})
    assert Submission.objects.get(version__number=2).rollout == {}
    assert visitor(root).post("/admin/workspace/", {"approvals": "1", "reach": "everyone"}).status_code == 302
    assert Workspace.objects.get().rollout == {}


def test_a_rollout_has_a_page() -> None:
    """With both figures; a reviewer stops or completes it, a member reads it; a changed state is a conflict."""
    ana, ben, eve = person("ana"), person("ben", Role.REVIEWER), person("eve")
    rolled_out(ana, ben, "geo")
    assert visitor(ben).get("/environments/geo/rollout").status_code == 404
    second = rolled_out(ana, ben, "geo", PILOT)
    server(second)
    advance()
    page = visitor(eve).get("/environments/geo/rollout").content.decode()
    assert "1 of 5 successful starts" in page
    assert "Eve first, everyone after 5 successful starts." in page
    assert "Give to everyone</button>" not in page
    assert "geo@2 is in its pilot" in visitor(ana).get("/environments/geo/").content.decode()
    seen = {"version": "2", "state": "pilot"}
    assert visitor(ana).post("/environments/geo/rollout", {**seen, "action": "complete"}).status_code == 403
    client = visitor(ben)
    assert client.post("/environments/geo/rollout", {"action": "complete"}).status_code == 422
    assert client.post("/environments/geo/rollout", {**seen, "action": "resume"}).status_code == 409
    stale = client.post("/environments/geo/rollout", {"version": "2", "state": "halted", "action": "stop"})
    assert "The roll-out has changed meanwhile." in stale.content.decode()
    done = client.post("/environments/geo/rollout", {**seen, "action": "complete"}, follow=True).content.decode()
    assert "Everyone gets geo@2 at their next start." in done
    assert "Give to everyone</button>" not in client.get("/environments/geo/rollout").content.decode()


def test_a_halted_rollout_says_why() -> None:
    """With the shares of both versions; resuming it needs a reason, which stays typed when something is wrong."""
    ana, ben, _ = person("ana"), person("ben", Role.REVIEWER), person("eve")
    rolled_out(ana, ben, "geo")
    second = rolled_out(ana, ben, "geo", PILOT)
    server(second)
    server(second, state="failed")
    server(second, state="failed")
    advance()
    client = visitor(ben)
    assert "The roll-out of geo@2 halted: 2 of 3 starts failed" in client.get("/environments/geo/").content.decode()
    page = client.get("/environments/geo/rollout").content.decode()
    assert "2 of 3 failed (67 %)" in page
    assert "Resume pilot</button>" in page
    seen = {"version": "2", "state": "halted", "action": "resume"}
    assert client.post("/environments/geo/rollout", seen).status_code == 422
    assert client.post("/environments/geo/rollout", {**seen, "reason": "The proxy was down."}).status_code == 302
    assert "geo@2 is in its pilot" in client.get("/environments/geo/").content.decode()


def test_a_reviewer_makes_an_earlier_version_active() -> None:
    """With a reason; the page says what changes, and notices when the name means another version by now."""
    ana, ben = person("ana"), person("ben", Role.REVIEWER)
    rolled_out(ana, ben, "geo")
    rolled_out(ana, ben, "geo")
    client, path = visitor(ben), "/environments/geo/1/active"
    assert "Make active…" in client.get("/environments/geo/1/").content.decode()
    assert "Make active…" not in client.get("/environments/geo/2/").content.decode()
    assert "Make active…" not in visitor(ana).get("/environments/geo/1/").content.decode()
    assert visitor(ana).get(path).status_code == 403
    assert "geo means geo@2 now." in client.get(path).content.decode()
    assert client.post(path, {"seen": "2", "reason": ""}).status_code == 422
    assert client.post(path, {"seen": "x", "reason": "why"}).status_code == 422
    stale = client.post(path, {"seen": "1", "reason": "geo@2 is slow."})
    assert stale.status_code == 409
    assert "geo@2 is slow." in stale.content.decode()
    done = client.post(path, {"seen": "2", "reason": "geo@2 is slow."}, follow=True).content.decode()
    assert "geo means geo@1 now." in done


def test_lists_show_a_pilot() -> None:
    """Members of the pilot group see its version in the catalogue and at launch; others that there is one."""
    ana, ben, eve = person("ana"), person("ben", Role.REVIEWER), person("eve")
    rolled_out(ana, ben, "geo")
    rolled_out(ana, ben, "geo", PILOT)
    assert "You are in the pilot group: geo means @2 to you" in visitor(eve).get("/environments/").content.decode()
    assert 'href="/environments/geo/rollout"' in visitor(ana).get("/environments/").content.decode()
    assert "Pilot" in visitor(eve).get("/launch/").content.decode()
    assert "Pilot" not in visitor(ana).get("/launch/").content.decode()
