"""Watching: new facts turn a published version to attention, gone or waived ones back; malware stops it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.feed import CRITICAL, record, write_feed
from support.people import built, draft, lock_of, person
from support.sort_columns import check_sort_columns

from assay.core.advisories.advisory import Severity
from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError
from assay.core.events import EventName
from assay.core.lock import Lock
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny, Vulnerability
from assay.core.policy.policy import Policy
from assay.core.policy.version_rules import NearDuplicate, Spread
from assay.core.roles import Actor, Right, Role
from assay.flow.assess.assess import verdict
from assay.flow.assess.policy import revise
from assay.flow.launch.launch import authorize_launch
from assay.flow.people import create_token, find_person
from assay.flow.retire import quarantine, release
from assay.flow.review import review
from assay.flow.review.waive import waive
from assay.flow.watch import watch
from assay.flow.watch.advisories import load_feed
from assay.flow.watch.quarantine import ends_at, stop_reason
from assay.jobs.worker import Worker
from assay.store.models import Assessment, Event, HealthIssue, Version, Waiver, WorkspaceAssessment

pytestmark = pytest.mark.django_db
BAD = record("PYSEC-1", "pillow", ("introduced", "0"), ("fixed", "8.1.0"), cvss=CRITICAL)
EVIL = record("MAL-2026-1", "pillow", ("introduced", "0"))


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def published(author: Actor, reviewer: Actor, slug: str = "geo", lock: Lock | None = None) -> Version:
    """Return a version that was approved."""
    draft(author, slug, "pillow")
    built(author, slug, lock=lock or lock_of({"pillow": "8.0.0"}))
    version = review.submit(author, slug, 1, "please")
    return review.approve(reviewer, slug, 1, digest=version.digest)


def names(version: Version) -> list[str]:
    """Return the names of a version's events that the watch recorded."""
    rows = Event.objects.filter(environment=version.environment.slug, actor=watch.WATCHER)
    return list(rows.exclude(name__startswith="build").order_by("sequence").values_list("name", flat=True))


def health(version: Version) -> str:
    """Return the health as it is now."""
    version.refresh_from_db()
    return version.health


def feed(folder: Path, *records: dict[str, Any]) -> None:
    """Load a feed and let the watch look."""
    load_feed(write_feed(folder / "all.zip", record("PYSEC-0", "nothing", ("introduced", "0")), *records))
    assert watch.advance()
    assert not watch.advance(), "nothing is new any more"


def test_a_reassessment_that_is_asked_for_meanwhile_is_not_lost(
    ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Projects have changed while another process assesses: the versions are assessed once more."""
    published(ana, ben)
    store = watch._store_assessments

    def ask_again(kept: list[Assessment]) -> None:
        store(kept)
        WorkspaceAssessment.objects.all().delete()

    with monkeypatch.context() as patch:
        patch.setattr(watch, "_store_assessments", ask_again)
        assert watch.advance()
    assert watch.advance()
    assert not watch.advance()


def test_submissions_are_assessed_in_steps(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step ends after a moment; what has a verdict of today is left alone."""
    for slug in ("one", "two"):
        draft(ana, slug, "pillow")
        built(ana, slug, lock=lock_of({"pillow": "8.0.0"}))
        review.submit(ana, slug, 1, "please")
    Assessment.objects.all().delete()
    with monkeypatch.context() as patch:
        patch.setattr(watch, "SUBMISSIONS_SECONDS", -1.0)
        assert watch.assess_submissions()
    assert not Assessment.objects.exists()
    assert not watch.assess_submissions()
    first = dict(Assessment.objects.values_list("pk", "at"))
    assert len(first) == 2
    assert not watch.assess_submissions()
    assert dict(Assessment.objects.values_list("pk", "at")) == first
    Assessment.objects.update(day=timezone.now().date() - timedelta(days=1))
    assert not watch.assess_submissions()
    assert set(Assessment.objects.values_list("day", flat=True)) == {timezone.now().date()}


def test_a_new_advisory_turns_to_attention_and_its_end_back(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """Every change of the facts is an event; the entry tells the facts and is closed when they are gone."""
    geo, other = published(ana, ben), published(ana, ben, "other", lock_of({"attrs": "1.0"}))
    feed(tmp_path)
    assert (health(geo), names(geo)) == ("ok", [])
    feed(tmp_path, BAD)
    assert (health(geo), health(other)) == ("attention", "ok")
    check_sort_columns()
    entry = HealthIssue.objects.get()
    assert (entry.version_id, entry.findings[0]["names"], entry.closed_at) == (geo.pk, ["PYSEC-1"], None)
    feed(tmp_path, BAD, EVIL | {"withdrawn": "2026-02-02T00:00:00Z"})
    assert names(geo) == [EventName.VERSION_ATTENTION]
    feed(tmp_path, BAD | {"withdrawn": "2026-02-02T00:00:00Z"})
    assert health(geo) == "ok"
    assert names(geo) == [EventName.VERSION_ATTENTION, EventName.FACTS_GONE, EventName.VERSION_CLEARED]
    entry.refresh_from_db()
    assert entry.closed_at is not None


def test_what_was_accepted_at_approval_is_no_news(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """A waived finding stays quiet; a second advisory does not."""
    load_feed(write_feed(tmp_path / "all.zip", BAD))
    draft(ana, "geo", "pillow")
    version = built(ana, "geo", lock=lock_of({"pillow": "8.0.0"}))
    review.submit(ana, "geo", 1, "please")
    waive(ben, "geo", 1, finding=verdict(version).findings[0].id, reason="accepted")
    review.approve(ben, "geo", 1, digest=version.digest)
    watch.advance()
    assert health(version) == "ok"
    feed(tmp_path, BAD, record("PYSEC-2", "pillow", ("introduced", "8.0"), cvss=CRITICAL))
    assert health(version) == "attention"
    found = next(one for one in verdict(version).findings if "PYSEC-2" in one.names)
    waive(ben, "geo", 1, finding=found.id, reason="also accepted")
    assert health(version) == "ok"
    assert names(version)[-1] == EventName.VERSION_CLEARED


def test_malware_stops_new_launches_at_once(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """The default policy quarantines; only people lift that."""
    version = published(ana, ben)
    assert authorize_launch(ana, "geo@1").digest
    feed(tmp_path, EVIL)
    assert health(version) == "quarantined"
    with pytest.raises(ForbiddenError, match="quarantined"):
        authorize_launch(ana, "geo@1")
    assert EventName.VERSION_QUARANTINED in names(version)
    version.refresh_from_db()
    assert stop_reason(version) == "geo@1 is quarantined; what ran in it is stopped."
    feed(tmp_path)
    assert health(version) == "quarantined"
    assert HealthIssue.objects.filter(closed_at=None).count() == 0
    with pytest.raises(ForbiddenError):
        release(ben, "geo", 1, reason="it was a mistake")
    eva = person("eva", Role.ADMIN)
    with pytest.raises(InvalidInputError):
        release(eva, "geo", 1, reason=" ")
    assert release(eva, "geo", 1, reason="the record was withdrawn").health == "ok"
    with pytest.raises(ConflictError):
        release(eva, "geo", 1, reason="again")
    assert authorize_launch(ana, "geo@1").digest


def test_a_new_policy_is_news_too(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """A rule that did not count when it was approved counts from now on; going back clears it."""
    version, eva = published(ana, ben), person("eva", Role.ADMIN)
    feed(tmp_path)
    revise(eva, Policy(rules=(Deny(library="pillow", effect=Effect.WARN),)), seen=0)
    verdict(version)  # looking at the findings takes nothing away from the watch
    watch.advance()
    assert health(version) == "attention"
    revise(eva, Policy(rules=(Deny(library="nothing", effect=Effect.WARN),)), seen=1)
    watch.advance()
    assert health(version) == "ok"


def test_a_waiver_that_has_run_out_is_news(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """The fact that it accepted stands again; another waiver settles it, and it is told once only."""
    load_feed(write_feed(tmp_path / "all.zip", BAD))
    draft(ana, "geo", "pillow")
    version = built(ana, "geo", lock=lock_of({"pillow": "8.0.0"}))
    review.submit(ana, "geo", 1, "please")
    name, soon = verdict(version).findings[0].id, timezone.now() + timedelta(hours=1)
    waive(ben, "geo", 1, finding=name, reason="for now", until=soon)
    review.approve(ben, "geo", 1, digest=version.digest)
    watch.advance()
    assert health(version) == "ok"
    Waiver.objects.update(until=timezone.now())
    for _ in range(2):
        WorkspaceAssessment.objects.update(day=timezone.now().date() - timedelta(days=1))
        assert watch.advance()
        assert health(version) == "attention"
    assert names(version) == [EventName.VERSION_ATTENTION]
    waive(ben, "geo", 1, finding=name, reason="still fine")
    assert health(version) == "ok"


def test_what_matters_while_composing_is_settled_by_publishing(ana: Actor, ben: Actor) -> None:
    """A near-duplicate or one more version of a library is no news, nor gone, once a reviewer let it through."""
    eva = person("eva", Role.ADMIN)
    published(ana, ben)
    rules = (NearDuplicate(percent=50, effect=Effect.WARN), Spread(versions=1, effect=Effect.WARN))
    revise(eva, Policy(rules=rules), seen=0)
    other = published(ana, ben, "twin", lock_of({"pillow": "8.0.0", "six": "1.0"}))
    third = published(ana, ben, "third", lock_of({"six": "2.0"}))
    watch.advance()
    assert (health(other), health(third), names(other), names(third)) == ("ok", "ok", [], [])


def test_a_term_ends_in_quarantine_unless_settled(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """First a warning with a date, then no new launches; who fixes or waives it in time keeps them."""
    version, eva = published(ana, ben), person("eva", Role.ADMIN)
    other = published(ana, ben, "other")
    rule = Vulnerability(effect=Effect.BLOCK, severity=Severity.HIGH, stop_after=14)
    revise(eva, Policy(rules=(rule,)), seen=0)
    feed(tmp_path, BAD)
    assert (health(version), health(other)) == ("attention", "attention")
    secret = create_token(find_person("ana"), "tests", scope=Right.ADMINISTER).secret
    client = Client(headers={"authorization": f"Bearer {secret}"})
    entry = client.get("/api/v1/workspaces/default/health").json()["items"][0]
    since, stops = datetime.fromisoformat(entry["since"]), datetime.fromisoformat(entry["stops"])
    assert (entry["reference"], stops - since) == ("geo@1", timedelta(days=14))
    waive(ben, "other", 1, finding=verdict(other).findings[0].id, reason="fine")
    HealthIssue.objects.update(opened_at=timezone.now() - timedelta(days=15))
    WorkspaceAssessment.objects.update(day=timezone.now().date() - timedelta(days=1))
    watch.advance()
    assert (health(version), health(other)) == ("quarantined", "ok")
    assert names(version)[-1] == EventName.VERSION_QUARANTINED
    with pytest.raises(ForbiddenError):
        authorize_launch(ana, "geo@1")
    version.refresh_from_db()
    unfixed = ends_at(version)
    assert unfixed is not None
    assert timedelta(hours=23) < unfixed - timezone.now() < timedelta(hours=24)
    assert stop_reason(version) == ""


def test_a_quarantine_by_a_person_ends_nothing_that_runs(ana: Actor, ben: Actor) -> None:
    """It stops new launches; the administrator sees who is in it, and decides about them."""
    version = published(ana, ben)
    quarantine(person("eva", Role.ADMIN), "geo", 1, reason="a hole")
    version.refresh_from_db()
    assert (ends_at(version), stop_reason(version)) == (None, "")


def test_the_worker_watches() -> None:
    """One step of the worker looks whether there is anything new."""
    person("ana")
    assert WorkspaceAssessment.objects.count() == 0
    Worker().step()
    assert WorkspaceAssessment.objects.count() == 1


def test_what_is_not_quarantined_never_ends(ana: Actor, ben: Actor) -> None:
    """Neither a healthy version nor one that an administrator quarantined has a moment at which it ends."""
    version = published(ana, ben)
    assert (ends_at(version), stop_reason(version)) == (None, "")
    quarantine(person("eva", Role.ADMIN), "geo", 1, reason="by hand")
    version.refresh_from_db()
    assert (ends_at(version), stop_reason(version)) == (None, "")


def test_what_waits_for_a_decision_is_assessed_again(ana: Actor, ben: Actor, tmp_path: Path) -> None:
    """Reviewers see the counts of today in their list; its health is nobody's news yet."""
    draft(ana, "geo", "pillow")
    built(ana, "geo", lock=lock_of({"pillow": "8.0.0"}))
    version = review.submit(ana, "geo", 1, "please")
    feed(tmp_path, BAD)
    assert not watch.assess_submissions()
    kept = Assessment.objects.get(version=version)
    assert [one["library"] for one in kept.findings if one["effect"] == "block"] == ["pillow"]
    assert health(version) == "ok"
    del ben


def test_more_news_of_a_quarantined_version_is_recorded_and_changes_nothing(
    ana: Actor, ben: Actor, tmp_path: Path
) -> None:
    """It stays quarantined, and the entry holds both facts."""
    version = published(ana, ben)
    feed(tmp_path, EVIL)
    assert health(version) == "quarantined"
    feed(tmp_path, EVIL, BAD)
    assert health(version) == "quarantined"
    assert names(version)[-2:] == ["version.quarantined", "version.attention"]


@pytest.mark.django_db(transaction=True)
def test_other_writers_run_between_the_batches_of_verdicts(
    tmp_path: Path, ana: Actor, ben: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database with one writer at a time is not held for all versions of a workspace."""
    for slug in ("geo", "ml"):
        published(ana, ben, slug)
    monkeypatch.setattr(watch, "BATCH_SIZE", 1)
    with CaptureQueriesContext(connection) as seen:
        feed(tmp_path, BAD)
    statements = [one["sql"] for one in seen.captured_queries]
    written = [at for at, sql in enumerate(statements) if sql.startswith('INSERT INTO "store_assessment"')]
    assert len(written) == 2
    assert "COMMIT" in statements[written[0] : written[1]]
