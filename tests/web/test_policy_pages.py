"""The pages of policy, health and waivers: everything by form, nothing lost, unknown never shown as well."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person, visitor

from assay.core.policy.policy import DEFAULT, missing_defaults
from assay.core.roles import Actor, Role
from assay.flow.assess.assess import verdict
from assay.flow.assess.policy import current_policy
from assay.flow.review import review
from assay.flow.review.waive import waive
from assay.flow.watch import watch
from assay.flow.watch.advisories import load_feed
from assay.store.models import PolicyRevision, Version, Waiver
from assay.web.admin.policy_form import form_rules

BAD = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), cvss=CRITICAL)


@pytest.fixture
def people(db: None) -> tuple[Actor, Actor, Actor]:  # noqa: ARG001 - it writes to the database
    """Return ana, ben who reviews, and eva who administers; geo@1 is published with pillow 8.0.0."""
    ana, ben, eva = person("ana"), person("ben", Role.REVIEWER), person("eva", Role.ADMIN)
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of({"pillow": "8.0.0"}))
    version = review.submit(ana, "geo", 1, "please")
    review.approve(ben, "geo", 1, digest=version.digest)
    return ana, ben, eva


def fields(**changes: str) -> dict[str, object]:
    """Return what the form sends for a policy of one rule that denies pillow."""
    rule = {"0-kind": "deny", "0-effect": "block", "0-library": "Pillow", "0-versions": "<9", "0-reason": "old"}
    return {"revision": "0", "rule": ["0"], **rule, **changes}


def test_everybody_reads_the_rules_and_administrators_change_them(people: tuple[Actor, Actor, Actor]) -> None:
    """Members see sentences and no button; the form is closed to reviewers."""
    ana, ben, eva = people
    text = visitor(ana).get("/policy/").content.decode()
    assert DEFAULT.rules[0].sentence in text
    assert "Edit policy" not in text
    assert visitor(ben).get("/policy/edit").status_code == 403
    assert visitor(ben).post("/policy/edit", fields(action="save")).status_code == 403
    assert "Edit policy" in visitor(eva).get("/policy/").content.decode()


def test_the_form_holds_every_rule_of_the_policy(people: tuple[Actor, Actor, Actor]) -> None:
    """Sent back untouched it is the same policy: no field is missing, none is read wrongly."""
    client = visitor(people[2])
    page = client.get("/policy/edit")
    sent: dict[str, object] = {"revision": "0", "rule": [], "action": "save", "note": "the same"}
    for rule in page.context["rules"]:
        sent["rule"] = [*sent["rule"], str(rule.number)]  # type: ignore[misc]  # a list, above
        sent[f"{rule.number}-kind"] = rule.kind
        for field in (*rule.own, *rule.general):
            if field.kind != "tick" or field.value:
                sent[field.name] = "yes" if field.kind == "tick" else field.value
    assert client.post("/policy/edit", sent).status_code == 302
    assert current_policy(people[2].workspace_id).policy == DEFAULT


def test_rules_that_came_with_an_upgrade_are_offered(people: tuple[Actor, Actor, Actor]) -> None:
    """A policy that was saved earlier keeps its meaning; the page shows what the default policy has beside it."""
    client = visitor(people[2])
    assert "The default policy also has" not in client.get("/policy/").content.decode()
    client.post("/policy/edit", fields(action="save"))
    others = len(missing_defaults(current_policy(people[2].workspace_id).policy))
    text = client.get("/policy/").content.decode()
    assert f"The default policy also has {others} rules of kinds that this policy does not use" in text
    assert "Add them in the editor" not in visitor(people[1]).get("/policy/").content.decode()
    kinds = [rule.kind for rule in client.get("/policy/edit?add=missing").context["rules"]]
    assert kinds[0] == "deny"
    assert len(kinds) == others + 1
    assert "import-failure" in kinds


def test_trying_changes_nothing(people: tuple[Actor, Actor, Actor]) -> None:
    """It says what would be stopped that is not now, and keeps every field."""
    answer = visitor(people[2]).post("/policy/edit", fields(action="try"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "pillow 8.0.0 is denied by the policy: old" in text
    assert [one.reference for one in answer.context["trial"].stopped] == ["geo@1"]
    assert 'value="Pillow"' in text
    assert not PolicyRevision.objects.exists()


def test_saving_makes_a_revision_and_never_over_another(people: tuple[Actor, Actor, Actor]) -> None:
    """Who saw an older revision is told so and loses nothing; the list tells what changed, and restores."""
    client = visitor(people[2])
    assert client.post("/policy/edit", fields(action="save", note="no old pillow")).status_code == 302
    late = client.post("/policy/edit", fields(action="save", **{"0-reason": "mine"}))
    assert late.status_code == 409
    assert "The policy is at revision 1 now" in late.content.decode()
    assert 'value="mine"' in late.content.decode()
    text = client.get("/policy/").content.decode()
    assert "+ Block pillow &lt;9 (old)" in text
    assert f"\N{MINUS SIGN} {DEFAULT.rules[0].sentence}" in text
    assert "no old pillow" in text
    assert client.post("/policy/0/restore").status_code == 302
    assert current_policy(people[2].workspace_id).policy == DEFAULT
    assert "pillow" in client.get("/policy/yaml?revision=1").content.decode()
    assert client.get("/policy/schema").json()["title"] == "Policy"


@pytest.mark.parametrize(
    ("change", "words", "status"),
    [
        ({"0-versions": "newest"}, "is not a version range", 422),
        ({"0-stop_after": "soon"}, "whole number", 422),
        ({"0-library": ""}, "deny needs library", 422),
        ({"0-effect": "explode"}, "is not a valid value", 422),
        ({"rule": []}, "A policy needs at least one rule", 422),
        ({"yaml": "rules: [{kind: deny"}, "is not valid YAML", 422),
        ({"yaml": "rules: [{kind: nonsense}]"}, "is not a kind of rule", 422),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    people: tuple[Actor, Actor, Actor], change: dict[str, str], words: str, status: int
) -> None:
    """And what was typed stands there again."""
    answer = visitor(people[2]).post("/policy/edit", {**fields(action="save"), **change})
    assert answer.status_code == status
    assert words in answer.content.decode()
    if "yaml" in change:
        assert change["yaml"] in answer.content.decode()
    assert not PolicyRevision.objects.exists()


def test_rules_come_go_and_move(people: tuple[Actor, Actor, Actor]) -> None:
    """By buttons that need no script; YAML and fields are two forms of the same draft."""
    client = visitor(people[2])
    added = client.post("/policy/edit", {**fields(action="add"), "kind": "size"})
    assert [rule.kind for rule in added.context["rules"]] == ["deny", "size"]
    two = {**fields(), "rule": ["0", "1"], "1-kind": "size", "1-effect": "warn", "1-megabytes": "10"}
    moved = client.post("/policy/edit", {**two, "action": "up-1"})
    assert [rule.kind for rule in moved.context["rules"]] == ["size", "deny"]
    gone = client.post("/policy/edit", {**two, "action": "remove-0"})
    assert [rule.kind for rule in gone.context["rules"]] == ["size"]
    for odd in ("remove-99", "up-x", "dance", ""):
        assert len(client.post("/policy/edit", {**two, "action": odd}).context["rules"]) == 2
    text = client.post("/policy/edit", {**two, "action": "yaml"}).context["yaml"]
    back = client.post("/policy/edit", {"revision": "0", "yaml": text, "action": "rules"})
    assert [rule.kind for rule in back.context["rules"]] == ["deny", "size"]


def test_every_kind_of_rule_has_a_form() -> None:
    """Labels in words, one field for each of its own; the sentence is said when it can be."""
    count, python = form_rules([{"kind": "count"}, {"kind": "python"}])
    assert [(one.label, one.kind, one.value) for one in count.own] == [("Libraries at most", "number", 400)]
    assert [(one.label, one.kind, one.value) for one in python.own] == [("Python versions", "text", "")]
    assert "not complete yet" in python.sentence


def test_health_without_a_feed_tells_nothing_as_well(people: tuple[Actor, Actor, Actor]) -> None:
    """The bar, the list and the words say that nobody looked, and what an administrator does about it."""
    text = visitor(people[1]).get("/admin/health/").content.decode()
    assert "assay admin advisories load PATH-OR-ADDRESS" in text
    assert "Not assessed: no advisory feed is loaded." in text
    assert [(one.word, one.count) for one in visitor(people[1]).get("/admin/health/").context["parts"]] == [
        ("ok", 0),
        ("attention", 0),
        ("quarantined", 0),
        ("not assessed", 1),
    ]
    assert visitor(people[0]).get("/admin/health/").status_code == 403


def test_what_is_new_stands_there_until_it_is_waived(people: tuple[Actor, Actor, Actor], tmp_path: Path) -> None:
    """Open with what is new and how it is used; settled afterwards; the waiver ends early and all comes back."""
    ana, ben, eva = people
    del ana
    load_feed(write_feed(tmp_path / "all.zip", BAD))
    watch.advance()
    client = visitor(eva)
    text = client.get("/admin/health/").content.decode()
    assert "pillow 8.0.0 has PYSEC-1 (critical)" in text
    assert '<td class="number" data-label="People">0</td>' in text
    assert 'title="waiting for you">1' in text
    version = Version.objects.get()
    waive(ben, "geo", 1, finding=verdict(version).findings[0].id, reason="not reachable")
    text = client.get("/admin/health/").content.decode()
    assert "Recently resolved" in text
    held = client.get("/policy/waivers/").content.decode()
    assert "“not reachable”" in held
    assert "no expiry" in held
    waiver = Waiver.objects.get()
    assert client.post(f"/policy/waivers/{waiver.pk}/end").status_code == 302
    assert client.post(f"/policy/waivers/{waiver.pk}/end").status_code == 409
    assert client.post("/policy/waivers/999/end").status_code == 404
    assert "No active waivers." in client.get("/policy/waivers/").content.decode()
    assert "“not reachable”" in client.get("/policy/waivers/?state=ended").content.decode()
    watch.advance()
    version.refresh_from_db()
    assert version.health == "attention"


def test_waivers_are_for_reviewers(people: tuple[Actor, Actor, Actor]) -> None:
    """Members have no such page."""
    assert visitor(people[0]).get("/policy/waivers/").status_code == 403
    assert visitor(people[1]).get("/policy/waivers/").status_code == 200


def test_the_end_of_a_waiver_can_be_undone(people: tuple[Actor, Actor, Actor], tmp_path: Path) -> None:
    """The message offers it; the waiver is there again, with its reason and its expiry."""
    load_feed(write_feed(tmp_path / "all.zip", BAD))
    watch.advance()
    until = timezone.now() + timedelta(days=30)
    finding = verdict(Version.objects.get()).findings[0].id
    waiver = waive(people[1], "geo", 1, finding=finding, reason="not reachable", until=until)
    client = visitor(people[2])
    text = client.post(f"/policy/waivers/{waiver.pk}/end", follow=True).content.decode()
    undo = re.search(rf'action="(/policy/waivers/{waiver.pk}/restore[^"]*)"', text)
    assert undo
    assert client.get("/policy/waivers/?text=reachable").content.decode().count("data-row") == 0
    client.post(html.unescape(undo[1]))
    assert client.get("/policy/waivers/?text=reachable").content.decode().count("data-row") == 1
    assert [one.until for one in Waiver.objects.filter(until__gt=timezone.now())] == [until]
    assert client.post(f"/policy/waivers/{waiver.pk}/restore?until=soon").status_code == 422


@pytest.mark.parametrize("address", ["/admin/health/", "/policy/waivers/"])
def test_health_and_waivers_are_narrowed_sorted_and_exported(
    people: tuple[Actor, Actor, Actor], tmp_path: Path, address: str
) -> None:
    """By any heading that sorts; a text that is nowhere leaves nothing."""
    load_feed(write_feed(tmp_path / "all.zip", BAD))
    watch.advance()
    if "waivers" in address:
        waive(people[1], "geo", 1, finding=verdict(Version.objects.get()).findings[0].id, reason="r")
    client = visitor(people[2])
    assert client.get(f"{address}?text=pillow&sort=-version").content.decode().count("data-row") == 1
    assert client.get(f"{address}?text=nowhere").content.decode().count("data-row") == 0
    rows = json.loads(b"".join(client.get(f"{address}?format=json").streaming_content))  # type: ignore[attr-defined]  # it streams
    assert [row["version"] for row in rows] == ["geo@1"]
