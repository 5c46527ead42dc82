"""Verifications as the worker sees them: started once, followed by files, ended once. The processes are stand-ins."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from support.launcher import StandInLauncher
from support.people import built, draft, lock_of, person

from assay.core.errors import NotFoundError
from assay.core.lifecycle import Health
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.build import verify
from assay.flow.paths import prefix, verification_directory
from assay.flow.retire import quarantine
from assay.launchers.interface import Status
from assay.store.models import Event, Verification, Version

pytestmark = pytest.mark.django_db
SEEN = {"missing": [], "added": [], "files": 1, "bytes": 1, "seconds": 0.1}
DRIFTED: dict[str, Any] = {**SEEN, "clean": False, "changed": ["lib/x.py"]}
CLEAN: dict[str, Any] = {**SEEN, "clean": True, "changed": []}


@pytest.fixture
def ana() -> Actor:
    """Return a member with geo@1, which is built."""
    ana = person("ana")
    draft(ana, "geo")
    built(ana, "geo")
    return ana


def advanced(verification: Verification) -> Verification:
    """Let the worker look once."""
    assert verify.advance()
    verification.refresh_from_db()
    return verification


def leave(verification: Verification, name: str, document: dict[str, Any]) -> None:
    """Write a file as the process does."""
    (verification_directory(verification.pk) / name).write_text(json.dumps(document))


def test_a_verification_runs_and_ends_by_its_files(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """It is started once, shows its progress, and its directory goes when its outcome is kept."""
    one = advanced(verify.request_verification(ana, "geo", 1))
    folder = verification_directory(one.pk)
    asked = json.loads((folder / "rehash.json").read_text())
    digest = find_version(ana, "geo", 1).digest
    assert (one.state, asked["digest"], asked["prefix"]) == ("running", digest, str(prefix(digest)))
    assert advanced(one).progress == {}
    leave(one, "progress.json", {"done": 5, "total": 10})
    assert advanced(one).progress == {"done": 5, "total": 10}
    assert advanced(one).state == "running"
    leave(one, "outcome.json", CLEAN)
    assert advanced(one).state == "clean"
    assert not folder.exists()
    assert len(launcher.started) == 1
    assert not verify.advance()


def test_a_worker_killed_before_it_wrote_finds_the_process(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """The process that runs is followed, not started twice."""
    one = advanced(verify.request_verification(ana, "geo", 1))
    Verification.objects.update(state="queued", handle=None)
    assert advanced(one).handle == asdict(launcher.known[str(verification_directory(one.pk))])
    assert len(launcher.started) == 1


def test_a_process_that_left_nothing_has_failed(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """Nothing is said of the files then, and the version stays as it was."""
    one = advanced(verify.request_verification(ana, "geo", 1))
    launcher.answer = Status(state="lost")
    assert (advanced(one).state, one.outcome) == ("failed", None)
    assert find_version(ana, "geo", 1).health == Health.OK
    assert verify.request_verification(ana, "geo", 1).pk != one.pk


def test_an_outcome_counts_once_and_only_what_it_changes(ana: Actor) -> None:
    """A second reading of the file changes nothing; neither does a clean look at what was clean."""
    one = verify.request_verification(ana, "geo", 1)
    verify.store_outcome(one, DRIFTED)
    verify.store_outcome(one, CLEAN)
    one.refresh_from_db()
    assert one.state == "drifted"
    verify.store_outcome(verify.request_verification(ana, "geo", 1), CLEAN)
    verify.store_outcome(verify.request_verification(ana, "geo", 1), CLEAN)
    names = list(Event.objects.filter(environment="geo").values_list("name", flat=True))
    assert (names.count("version.drifted"), names.count("version.mended")) == (1, 1)


def test_a_quarantined_version_stays_so_whatever_its_files_say(ana: Actor) -> None:
    """Drift and its end are recorded, but only a person lifts a quarantine; long lists are cut."""
    Version.objects.filter(author_id=ana.id).update(status="published")
    quarantine(person("eva", Role.ADMIN), "geo", 1, reason="malware")
    many = {**DRIFTED, "changed": [f"lib/{number}.py" for number in range(verify.NAMED + 5)]}
    one = verify.request_verification(ana, "geo", 1)
    verify.store_outcome(one, many)
    one.refresh_from_db()
    assert len(one.outcome["changed"]) == verify.NAMED
    assert find_version(ana, "geo", 1).health == Health.QUARANTINED
    verify.store_outcome(verify.request_verification(ana, "geo", 1), CLEAN)
    assert find_version(ana, "geo", 1).health == Health.QUARANTINED
    assert find_version(ana, "geo", 1).lock.drift is None


def test_everything_that_can_be_launched_is_verified_once(ana: Actor) -> None:
    """One look for each lock, none at what is retired or not built; what is open already is not queued again."""
    shared, own = lock_of({"six": "1.17.0"}), lock_of({"idna": "2.8"})
    for slug, lock in (("twin", shared), ("other", own), ("old", lock_of({"attrs": "1"}))):
        draft(ana, slug)
        built(ana, slug, lock=lock)
    draft(ana, "empty")
    Version.objects.filter(environment__slug="old").update(status="retired")
    assert verify.queue_all() == 2
    assert verify.queue_all() == 2
    assert set(Verification.objects.values_list("lock__digest", flat=True)) == {shared.digest, own.digest}
    assert Verification.objects.count() == 2


def test_who_may_see_a_verification(ana: Actor) -> None:
    """Whoever sees the version; that of another person's draft is not found, like one that never was."""
    one = verify.request_verification(ana, "geo", 1)
    assert verify.find_verification(ana, str(one.pk)).pk == one.pk
    with pytest.raises(NotFoundError):
        verify.find_verification(person("cleo"), str(one.pk))
    with pytest.raises(NotFoundError):
        verify.find_verification(ana, "00000000-0000-0000-0000-000000000000")
    with pytest.raises(NotFoundError):
        verify.find_verification(person("olga", workspace="other"), str(one.pk))


def test_drift_is_said_in_one_line() -> None:
    """How many of each kind, and the first path."""
    words = verify.words_of({"changed": [], "missing": ["b", "c"], "added": ["d"]})
    assert words == "files 2 missing, 1 added; the first: b"
