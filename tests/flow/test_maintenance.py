"""Looking after what is built: drift stops launches until it is mended; collecting spares what is used."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone
from support.people import built, draft, lock_of, outcome_of, person

from assay.core.errors import ConflictError, DriftError, ForbiddenError, NotFoundError
from assay.core.lifecycle import Health
from assay.core.roles import Role
from assay.engine import leases
from assay.engine.layout import write_json
from assay.flow.access import find_version
from assay.flow.build import verify
from assay.flow.build.build import request_repair, store_outcome
from assay.flow.build.garbage_collection import collect
from assay.flow.compose.draft import delete_draft
from assay.flow.launch.launch import authorize_launch
from assay.flow.paths import engine_paths, prefix
from assay.flow.retire import deprecate, retire
from assay.flow.review.review import approve, submit
from assay.jobs import periodic
from assay.store.models import Build, PeriodicTask, Server, Verification
from assay.store.reads.disk_usage import own_bytes

pytestmark = pytest.mark.django_db(transaction=True)
SEEN = {"missing": [], "added": [], "files": 1, "bytes": 1, "seconds": 0.1}
DRIFTED = {**SEEN, "clean": False, "changed": ["lib/x.py"]}
CLEAN = {**SEEN, "clean": True, "changed": []}


def published(slug: str, names: dict[str, str] | None = None) -> tuple:  # type: ignore[type-arg]  # three people and a version
    """Publish an environment; return its author, its reviewer and the version."""
    ana, ben = person(f"ana-{slug}"), person(f"ben-{slug}", Role.ADMIN)
    draft(ana, slug)
    version = built(ana, slug, lock=lock_of(names or {"six": "1.17.0"}))
    submit(ana, slug, 1, "")
    approve(ben, slug, 1, digest=version.digest, note="")
    return ana, ben, find_version(ana, slug, 1)


def test_what_has_drifted_is_not_launched_until_it_is_mended() -> None:
    """Drift turns every version of the lock to attention and stops launches; a clean look ends that."""
    ana, ben, version = published("geo")
    authorize_launch(ana, "geo@1")
    verify.store_outcome(verify.request_verification(ben, "geo", 1), DRIFTED)
    version = find_version(ana, "geo", 1)
    assert version.health == Health.ATTENTION
    with pytest.raises(DriftError, match="changed after the build"):
        authorize_launch(ana, "geo@1")
    verify.store_outcome(verify.request_verification(ben, "geo", 1), CLEAN)
    assert find_version(ana, "geo", 1).health == Health.OK
    authorize_launch(ana, "geo@1")
    names = [event.name for event in version.environment.workspace.events.order_by("sequence")]
    assert names.count("version.drifted") == names.count("version.mended") == 1


def test_one_look_at_a_time_and_only_by_who_may() -> None:
    """A second request is the open one; a stranger's is refused, and so is one for a draft of somebody else."""
    ana, ben, _ = published("geo")
    first = verify.request_verification(ana, "geo", 1)
    assert verify.request_verification(ben, "geo", 1).pk == first.pk
    other = person("other")
    with pytest.raises(ForbiddenError):
        verify.request_verification(other, "geo", 1)
    draft(ana, "mine")
    with pytest.raises(NotFoundError):
        verify.request_verification(other, "mine", 1)
    with pytest.raises(ConflictError, match="not built"):
        verify.request_verification(ana, "mine", 1)


def test_a_repair_builds_the_same_lock_and_is_verified() -> None:
    """Only what has drifted is repaired; the version keeps its build and digest, and is looked at again."""
    ana, _, version = published("geo")
    with pytest.raises(ConflictError, match="what was built"):
        request_repair(ana, "geo", 1)
    verify.store_outcome(verify.request_verification(ana, "geo", 1), DRIFTED)
    repair = request_repair(ana, "geo", 1)
    assert request_repair(ana, "geo", 1).pk == repair.pk
    store_outcome(Build.objects.get(pk=repair.pk), outcome_of(lock_of({"six": "1.17.0"})))
    again = find_version(ana, "geo", 1)
    assert (again.build_id, again.digest) == (version.build_id, version.digest)
    assert Verification.objects.filter(state="queued", lock=again.lock).count() == 1


def test_a_verification_survives_its_worker() -> None:
    """The process leaves its outcome in a file; whoever looks next takes it in."""
    ana, _, version = published("geo")
    verification = verify.request_verification(ana, "geo", 1)
    for _ in range(200):
        verify.advance()
        verification.refresh_from_db()
        if not verification.open:
            break
        time.sleep(0.05)
    assert verification.state == "drifted"  # the tests' environments have no papers
    assert ".assay" in verification.outcome["missing"][0]
    assert version.digest


def folder_of(version: object) -> Path:
    """Return a version's directory, made two days old."""
    folder = prefix(version.digest)  # type: ignore[attr-defined]  # a version
    write_json(folder / "made", {})
    os.utime(folder, (time.time() - 2 * 86400,) * 2)
    return folder


def test_collecting_takes_only_what_nothing_needs() -> None:
    """A retired version and a deleted draft are taken; a published one, a running server and a held one stay."""
    ana, ben, gone = published("gone", {"gone": "1"})
    _, _, stays = published("stays", {"stays": "1"})
    _, _, used = published("used", {"used": "1"})
    deleted_draft = draft(ana, "scratch")
    scratch = built(ana, "scratch", lock=lock_of({"scratch": "1"}))
    held = lock_of({"held": "1"})
    folders = {name: folder_of(one) for name, one in (("gone", gone), ("stays", stays), ("used", used))}
    folders["scratch"] = folder_of(scratch)
    (prefix(held.digest)).mkdir(parents=True)
    os.utime(prefix(held.digest), (0, 0))
    running = Build.objects.filter(version=stays).first()
    assert running is not None
    Build.objects.filter(pk=running.pk).update(state="installing")
    leases.take_lease(engine_paths(), str(running.pk), held)
    for slug in ("gone", "used"):
        deprecate(ben, slug, 1, reason="old")
        retire(ben, slug, 1, reason="old")
    Server.objects.create(
        id="abc",
        workspace=used.environment.workspace,
        person_id=ana.id,
        version=used,
        digest=used.digest,
        state="ready",
        created_at=timezone.now(),
    )
    delete_draft(ana, "scratch", deleted_draft.number)
    named = collect(dry_run=True)
    names = {one.name for one in named}
    assert {gone.digest, scratch.digest} <= names
    assert not names & {stays.digest, used.digest, held.digest}
    assert all(folder.is_dir() for folder in folders.values())
    assert collect(dry_run=False) == named
    assert {name for name, folder in folders.items() if folder.is_dir()} == {"stays", "used"}
    assert prefix(held.digest).is_dir()
    Build.objects.filter(pk=running.pk).update(state="built")
    assert held.digest in {one.name for one in collect(dry_run=False)}


def test_young_directories_are_spared() -> None:
    """What was built today may be wanted again today."""
    ana = person("ana")
    draft(ana, "scratch")
    version = built(ana, "scratch", lock=lock_of({"scratch": "1"}))
    delete_draft(ana, "scratch", 1)
    assert version.digest not in {one.name for one in collect(dry_run=False)}
    assert version.digest in {one.name for one in collect(dry_run=False, older_than=0)}


def test_own_bytes_are_those_that_no_other_version_has() -> None:
    """A library that two versions hold belongs to neither alone."""
    _, _, one = published("one", {"shared": "1", "alone": "1"})
    published("two", {"shared": "1", "other": "1"})
    assert one.lock is not None
    assert own_bytes(one.lock) == 500


def test_a_chore_is_done_once_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is one interval after the first start; whoever asks second finds it done."""
    monkeypatch.setattr(settings, "MAINTENANCE_HOURS", 24.0)
    assert not periodic.is_due("verify")
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=25))
    assert [periodic.is_due("verify"), periodic.is_due("verify")] == [True, False]
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=25))
    monkeypatch.setattr(settings, "MAINTENANCE_HOURS", 0.0)
    assert not periodic.is_due("verify")
