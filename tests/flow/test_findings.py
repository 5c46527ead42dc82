"""From facts to decisions: findings on a version, what they stop, waivers, policies and their rehearsal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.test import Client
from django.utils import timezone
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person

from assay.core.errors import AssayError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.lock import Lock
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny, LicencesAllowed, MinimumAge
from assay.core.policy.policy import DEFAULT, Policy
from assay.core.policy.version_rules import NearDuplicate, Spread
from assay.core.roles import Actor, Right, Role
from assay.flow.assess.assess import preview_findings, verdict
from assay.flow.assess.policy import current_policy, preview_policy, revise
from assay.flow.build.build import request_build
from assay.flow.compose.draft import new_version
from assay.flow.people import create_token, find_person
from assay.flow.review import review
from assay.flow.review.waive import waive
from assay.flow.watch.advisories import load_feed
from assay.store.models import Event, Launch, Runtime, Version, Waiver

pytestmark = pytest.mark.django_db
OLD = {"pillow": "8.0.0", "six": "1.17.0"}


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def eva() -> Actor:
    """Return an administrator."""
    return person("eva", Role.ADMIN)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Load a feed that knows something of pillow."""
    bad = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), aliases=("CVE-1",), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    return tmp_path


def pending(author: Actor, slug: str = "geo", lock: Lock | None = None) -> Version:
    """Return a submitted version."""
    draft(author, slug, "pillow")
    built(author, slug, lock=lock or lock_of(OLD))
    return review.submit(author, slug, 1, "it is needed")


def call(actor: Actor) -> Any:  # noqa: ANN401 - a test client
    """Return a client of the API."""
    secret = create_token(find_person(actor.name), "tests", scope=Right.ADMINISTER).secret
    return Client(headers={"authorization": f"Bearer {secret}"})


ROOT = "/api/v1/workspaces/default"
GEO = f"{ROOT}/environments/geo/versions/1"


def test_report_names_known_problems_or_says_not_assessed(ana: Actor, tmp_path: Path) -> None:
    """Without a feed nothing looks clean; with one each row names its records and the fix, and the feed its age."""
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of(OLD))
    client = call(ana)
    blind = client.get(f"{GEO}/report").json()
    assert blind["advisories"]["state"] == "not assessed"
    assert (blind["advisory_feed"], blind["health"]) == (None, "not assessed")
    bad = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), aliases=("CVE-1",), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", bad))
    seen = client.get(f"{GEO}/report").json()
    (row,) = seen["advisories"]
    assert {name: row[name] for name in ("library", "version", "id", "aliases", "severity", "fixed")} == {
        "library": "pillow",
        "version": "8.0.0",
        "id": "PYSEC-1",
        "aliases": ["CVE-1"],
        "severity": "critical",
        "fixed": "8.1.0",
    }
    assert (seen["advisory_feed"]["records"], seen["advisory_feed"]["age_days"], seen["health"]) == (1, 0, "ok")
    assert "python" in seen, "what the build saw stays in it"


def test_blocking_findings_stop_an_approval_until_waived(ana: Actor, ben: Actor, feed: Path) -> None:
    """The author must say something, the reviewer must waive; then it can be published."""
    del feed
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of(OLD))
    with pytest.raises(InvalidInputError) as asked:
        review.submit(ana, "geo", 1, " ")
    assert asked.value.path == "note"
    version = review.submit(ana, "geo", 1, "no way around it")
    client = call(ben)
    found = client.get(f"{GEO}/findings").json()
    assert (found["open_blocks"], found["policy"], found["feed"]["records"]) == (1, 0, 1)
    block = found["items"][0]
    assert (block["effect"], block["library"], block["advice"]) == (
        "block",
        "pillow",
        "Update pillow to 8.1.0 or newer.",
    )
    refused = client.post(f"{GEO}/approve", {"digest": version.digest}, content_type="application/json")
    assert (refused.status_code, refused.json()["path"]) == (409, "findings")
    until = (timezone.now() + timedelta(days=30)).isoformat()
    body = {"finding": block["id"], "reason": "the code path is not used", "until": until}
    assert client.post(f"{GEO}/waive", body, content_type="application/json").status_code == 200
    again = client.get(f"{GEO}/findings").json()
    assert (again["open_blocks"], again["items"][0]["waiver"]["by"]) == (0, "ben")
    assert review.approve(ben, "geo", 1, digest=version.digest).status == "published"
    (row,) = client.get(f"{ROOT}/waivers").json()["items"]
    assert (row["environment"], row["state"], row["library"]) == ("geo", "holds", "pillow")
    assert Event.objects.filter(name=EventName.FINDING_WAIVED).count() == 1


def test_a_waiver_carries_over_only_while_the_fact_is_the_same(
    ana: Actor, ben: Actor, feed: Path, tmp_path: Path
) -> None:
    """The next version inherits it; another version of the library, a worse record or its end do not."""
    del feed
    version = pending(ana)
    waive(ben, "geo", 1, finding=verdict(version).findings[0].id, reason="accepted")
    review.approve(ben, "geo", 1, digest=version.digest)
    new_version(ana, "geo")
    assert verdict(built(ana, "geo", 2, lock_of({**OLD, "attrs": "1.0"}))).blocking == []
    other = draft(ana, "other", "pillow")
    assert len(verdict(built(ana, other.environment.slug, 1, lock_of(OLD))).blocking) == 1, "another environment"
    assert len(verdict(built(ana, "geo", 2, lock_of({**OLD, "pillow": "8.0.1"}))).blocking) == 1
    same = built(ana, "geo", 2, lock_of(OLD))
    assert verdict(same).blocking == []
    Waiver.objects.update(until=timezone.now())
    assert len(verdict(same).blocking) == 1
    Waiver.objects.update(until=None)
    changed = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.0.9"), aliases=("CVE-1",), cvss=CRITICAL)
    load_feed(write_feed(tmp_path / "all.zip", changed))
    assert len(verdict(same).blocking) == 1, "a nearer fix is another fact"


def test_who_may_waive_what(ana: Actor, ben: Actor, eva: Actor, feed: Path) -> None:
    """Reviewers may, authors of the version may not, what is an administrator's only they may; reasons are needed."""
    del feed
    version = pending(ana)
    name = verdict(version).findings[0].id
    soon = timezone.now() + timedelta(days=1)
    cases: list[tuple[Actor, dict[str, Any], type[AssayError], str | None]] = [
        (ana, {}, ForbiddenError, None),
        (ben, {"reason": " "}, InvalidInputError, "reason"),
        (ben, {"finding": "0" * 16}, NotFoundError, "finding"),
        (ben, {"until": timezone.now()}, InvalidInputError, "until"),
        (ben, {"until": soon.replace(tzinfo=None)}, InvalidInputError, "until"),
        (ben, {"until": soon + timedelta(days=2000)}, InvalidInputError, "until"),
    ]
    for actor, changes, error, path in cases:
        with pytest.raises(error) as caught:
            waive(actor, "geo", 1, **{"finding": name, "reason": "r", **changes})
        assert caught.value.path == path
    strict = replace(Deny(library="six"), effect=Effect.BLOCK, waived_by=Role.ADMIN)
    revise(eva, Policy(rules=(strict,)), seen=0)
    name = verdict(version).findings[0].id
    with pytest.raises(ForbiddenError):
        waive(ben, "geo", 1, finding=name, reason="r")
    waive(eva, "geo", 1, finding=name, reason="r")
    assert verdict(version).blocking == []
    own = pending(eva, "mine")
    with pytest.raises(ForbiddenError, match="your own version"):
        waive(eva, "mine", 1, finding=verdict(own).findings[0].id, reason="r")


def test_policy_is_revised_never_edited(ana: Actor, eva: Actor) -> None:
    """Each save is a revision with its event; who did not see the newest one is refused; any can come back."""
    client = call(eva)
    shown = client.get(f"{ROOT}/policy").json()
    assert (shown["revision"], len(shown["sentences"])) == (0, len(DEFAULT.rules))
    body = {"rules": [{"kind": "deny", "library": "Six", "effect": "block"}], "revision": 0, "note": "no six"}
    assert client.put(f"{ROOT}/policy", body, content_type="application/json").json()["revision"] == 1
    assert client.put(f"{ROOT}/policy", body, content_type="application/json").status_code == 409
    assert current_policy(eva.workspace_id).policy.rules[0] == replace(Deny(library="six"), effect=Effect.BLOCK)
    wrong = client.put(f"{ROOT}/policy", {"rules": [{"kind": "x"}], "revision": 1}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["path"]) == (422, "rules[0].kind")
    text = client.get(f"{ROOT}/policy.yaml").content.decode()
    put = client.put(f"{ROOT}/policy", {"yaml": text, "revision": 1}, content_type="application/json")
    assert put.json()["rules"] == client.get(f"{ROOT}/policy").json()["rules"]
    assert client.post(f"{ROOT}/policy/revisions/0/restore").json()["revision"] == 3
    assert [one["revision"] for one in client.get(f"{ROOT}/policy/revisions").json()["items"]] == [3, 2, 1]
    assert Event.objects.filter(name=EventName.POLICY_REVISED).count() == 3
    assert "$schema" in client.get(f"{ROOT}/policy/schema").json()
    assert call(ana).put(f"{ROOT}/policy", body, content_type="application/json").status_code == 403


def test_a_rehearsal_says_what_would_be_stopped_and_whom_it_touches(ana: Actor, ben: Actor, eva: Actor) -> None:
    """Everything published and pending is looked at; waived facts do not count; nothing is stored."""
    version = pending(ana)
    review.approve(ben, "geo", 1, digest=version.digest)
    pending(ana, "other", lock_of({"attrs": "1.0"}))
    now = timezone.now()
    for who in (ana, ben):
        Launch.objects.create(
            person_id=who.id, environment=version.environment, version=version, kind="run", digest="d", started_at=now
        )
    for slug, where in (("a", "geo"), ("b", "geo@1"), ("c", "other")):
        Runtime.objects.create(
            workspace_id=ana.workspace_id,
            slug=slug,
            kind="script",
            owner_id=ana.id,
            environment=where,
            source={},
            created_at=now,
            updated_at=now,
        )
    client = call(eva)
    rules = [{"kind": "deny", "library": "pillow", "effect": "block"}, {"kind": "deny", "library": "attrs"}]
    found = client.post(f"{ROOT}/policy/try", {"rules": rules}, content_type="application/json").json()
    assert (found["looked_at"], found["would_stop"], found["would_warn"]) == (2, 1, 1)
    assert (found["people"], found["runtimes"]) == (2, 2)
    assert found["stopped"][0]["reference"] == "geo@1"
    assert current_policy(eva.workspace_id).revision == 0
    revise(eva, Policy(rules=(replace(Deny(library="pillow"), effect=Effect.BLOCK),)), seen=0)
    waive(ben, "geo", 1, finding=verdict(version).findings[0].id, reason="r")
    assert preview_policy(eva, Policy(rules=(replace(Deny(library="pillow"), effect=Effect.BLOCK),))).stopped == ()


def test_rules_that_look_at_the_workspace(ana: Actor, ben: Actor, eva: Actor) -> None:
    """Near-duplicates and the spread of versions are measured against what is published."""
    version = pending(ana)
    review.approve(ben, "geo", 1, digest=version.digest)
    revise(eva, Policy(rules=(NearDuplicate(percent=60), Spread(versions=1))), seen=0)
    draft(ana, "twin", "pillow")
    keys = {one.key for one in verdict(built(ana, "twin", lock=lock_of({**OLD, "attrs": "1.0"}))).findings}
    assert keys == {"near-duplicate/geo@1"}
    keys = {one.key for one in verdict(built(ana, "twin", lock=lock_of({**OLD, "six": "1.16"}))).findings}
    assert keys == {"spread/six/1.16"}


def test_a_blocking_cool_down_reaches_the_resolver(ana: Actor, eva: Actor) -> None:
    """Builds do not choose what the policy would stop as too new; a note changes nothing."""
    draft(ana, "geo", "pillow")
    assert request_build(ana, "geo", 1).request["cool_down_days"] == 0
    revise(eva, Policy(rules=(MinimumAge(days=9, effect=Effect.BLOCK),)), seen=0)
    draft(ana, "other", "pillow")
    assert request_build(ana, "other", 1).request["cool_down_days"] == 9


def test_the_author_sees_findings_while_composing(ana: Actor, eva: Actor, feed: Path) -> None:
    """A lock that is only resolved gives the findings that a reviewer will see, licences where they are known."""
    del feed
    found = preview_findings(ana.workspace_id, lock_of(OLD))
    loud = [one.effect for one in found if one.library == "pillow" and one.effect is not Effect.NOTE]
    assert loud == [Effect.BLOCK]
    revise(eva, Policy(rules=(LicencesAllowed(licences=("MIT",)),)), seen=0)
    assert preview_findings(ana.workspace_id, lock_of(OLD)) == []


def test_parts_as_a_valid_cyclonedx_document(ana: Actor, feed: Path) -> None:
    """The document is valid by its schema, names each file's hash, the edges, and known problems; it is stable."""
    del feed
    draft(ana, "geo", "pillow")
    lock = lock_of(OLD)
    edged = replace(lock, libraries=(replace(lock.libraries[0], dependencies=("six",)), lock.libraries[1]))
    built(ana, "geo", lock=edged)
    answer = call(ana).get(f"{GEO}/sbom")
    assert answer.headers["Content-Type"].startswith("application/vnd.cyclonedx+json")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(answer.content.decode()) is None
    document = json.loads(answer.content)
    assert {one["purl"] for one in document["components"]} == {"pkg:pypi/pillow@8.0.0", "pkg:pypi/six@1.17.0"}
    edges = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert edges["pillow==8.0.0"] == ["six==1.17.0"]
    assert edges["geo@1"] == ["pillow==8.0.0"]
    assert [one["id"] for one in document["vulnerabilities"]] == ["PYSEC-1"]
    assert call(ana).get(f"{GEO}/sbom").content == answer.content


def test_what_is_not_seen_stays_unseen(ana: Actor) -> None:
    """Findings, report and parts of another person's draft are not found."""
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of(OLD))
    cleo = call(person("cleo"))
    for what in ("report", "findings", "sbom"):
        assert cleo.get(f"{GEO}/{what}").status_code == 404
    assert (
        cleo.post(f"{GEO}/waive", {"finding": "x", "reason": "r"}, content_type="application/json").status_code == 404
    )
    assert cleo.get(f"{ROOT}/waivers").status_code == 403
