"""Builds as the worker sees them: claimed once, followed by files, ended once. The processes are stand-ins."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from django.db import connection
from support.launcher import StandInLauncher
from support.people import built, draft, lock_of, outcome_of, person, spec_input

from assay.core.errors import ConflictError, ForbiddenError, NotFoundError
from assay.core.lifecycle import ACTIVE_BUILD, BuildState
from assay.core.roles import Actor, Role
from assay.engine.build import CREDENTIALS
from assay.engine.installing.manifest import METADATA
from assay.engine.interface import Failure, Job, Outcome, ResolveRequest
from assay.flow.access import find_version
from assay.flow.build import build as building
from assay.flow.build import verify
from assay.flow.build.build import (
    advance,
    cancel_build,
    read_log,
    request_build,
    request_repair,
    store_outcome,
    sweep_leftovers,
)
from assay.flow.compose.draft import edit_spec
from assay.flow.compose.resolution_cache import cache_resolution
from assay.flow.package_indexes import IndexInput, add_index
from assay.flow.paths import build_directory, engine_paths, prefix
from assay.launchers.interface import Status
from assay.store.models import Build, Event, Lock

pytestmark = pytest.mark.django_db
DRIFTED = {
    "clean": False,
    "changed": ["lib/x.py"],
    "missing": [],
    "added": [],
    "files": 1,
    "bytes": 1,
    "seconds": 0.1,
}


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


def queued(actor: Actor, slug: str = "geo", *libraries: str) -> Build:
    """Queue a build of a new draft."""
    draft(actor, slug, *libraries)
    return request_build(actor, slug, 1)


def running(actor: Actor, slug: str = "geo", *libraries: str) -> Build:
    """Return a build whose stand-in runs."""
    build = queued(actor, slug, *libraries)
    advance()
    build.refresh_from_db()
    assert build.state == BuildState.RESOLVING
    return build


def leave(build: Build, name: str, document: dict[str, object]) -> None:
    """Write a file as the build's process does."""
    directory = build_directory(build.pk)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(json.dumps(document))


def advanced(build: Build) -> Build:
    """Let the worker look once."""
    assert advance()
    build.refresh_from_db()
    return build


def events(build: Build) -> list[str]:
    """Return the events of a build, oldest first."""
    rows = Event.objects.filter(environment=build.version.environment.slug, name__startswith="build.")
    return list(rows.order_by("sequence").values_list("name", flat=True))


def test_a_claimed_build_is_started_once(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """Its job says what to install; a second look only follows it."""
    build = running(ana)
    advanced(build)
    (start,) = launcher.started
    job = Job.from_dict(json.loads((build_directory(build.pk) / "job.json").read_text()))
    assert (job.request.libraries, job.lock, job.repair) == (("six",), None, False)
    assert start.workdir == str(build_directory(build.pk))
    assert events(build) == ["build.requested", "build.started"]
    assert not (build_directory(build.pk) / CREDENTIALS).exists()


def test_the_passwords_of_indexes_are_left_for_the_process_alone(ana: Actor) -> None:
    """They lie in a file of their own that nobody else can read, never in the job."""
    admin = person("admin", Role.ADMIN)
    url = "https://packages.example.com/simple"
    add_index(admin, IndexInput(name="own", url=url, patterns=("acme-*",), username="bot", password="hunter2"))
    directory = build_directory(running(ana).pk)
    path = directory / CREDENTIALS
    assert json.loads(path.read_text()) == {"own": ["bot", "hunter2"]}
    assert path.stat().st_mode & 0o077 == 0
    assert "hunter2" not in (directory / "job.json").read_text()


def test_only_so_many_builds_run_at_once(
    ana: Actor, launcher: type[StandInLauncher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait in their order."""
    monkeypatch.setattr(building, "MAX_CONCURRENT", 1)
    first, second = queued(ana, "one"), queued(ana, "two")
    advance()
    advance()
    assert [start.workdir for start in launcher.started] == [str(build_directory(first.pk))]
    leave(first, "outcome.json", asdict(outcome_of(lock_of({"six": "1.0"}))))
    advance()
    advance()
    assert launcher.started[-1].workdir == str(build_directory(second.pk))
    assert len(launcher.started) == 2


def test_a_build_that_another_worker_claimed_is_left_to_it(
    ana: Actor, launcher: type[StandInLauncher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the queue and claiming, somebody else may be faster."""
    first, second = queued(ana, "one"), queued(ana, "two")
    monkeypatch.setattr(building, "MAX_CONCURRENT", 2)
    claim = building._claim

    def slow_claim(build: Build) -> bool:
        Build.objects.filter(pk=second.pk).update(state=BuildState.RESOLVING)
        return claim(build)

    monkeypatch.setattr(building, "_claim", slow_claim)
    advance()
    assert [start.workdir for start in launcher.started] == [str(build_directory(first.pk))]
    assert events(second) == ["build.requested"]


def test_a_worker_killed_between_claim_and_start_loses_nothing(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """A claimed build without a process is started; one whose process runs already is found, not started twice."""
    build = queued(ana)
    Build.objects.filter(pk=build.pk).update(state=BuildState.RESOLVING)
    assert advanced(build).handle is not None
    Build.objects.filter(pk=build.pk).update(handle=None)
    assert advanced(build).handle == asdict(launcher.known[str(build_directory(build.pk))])
    assert len(launcher.started) == 1


def test_progress_is_shown_as_the_process_leaves_it(ana: Actor) -> None:
    """The state only moves forward, whatever a late file says."""
    build = running(ana)
    advanced(build)
    assert build.progress == {}
    leave(build, "progress.json", {"step": "checking", "steps": {"resolving": 1.0}})
    advanced(build)
    assert (build.state, build.steps) == (BuildState.CHECKING, {"resolving": 1.0})
    leave(build, "progress.json", {"step": "installing", "done": 1})
    advanced(build)
    assert (build.state, build.progress) == (BuildState.CHECKING, {"step": "installing", "done": 1})
    assert advanced(build).state == BuildState.CHECKING


def test_the_outcome_in_the_file_ends_the_build(ana: Actor, launcher: type[StandInLauncher]) -> None:
    """Also when the process has ended in between: what it left counts."""
    build, lock = running(ana), lock_of({"six": "1.17.0"})
    leave(build, "outcome.json", asdict(outcome_of(lock)))
    launcher.answer = Status(state="exited", exit_code=0)
    assert (advanced(build).state, build.digest) == (BuildState.BUILT, lock.digest)
    assert find_version(ana, "geo", 1).digest == lock.digest
    assert not advance()


def test_a_failure_is_kept_with_its_reason(ana: Actor) -> None:
    """The version has no lock then."""
    build = running(ana)
    failure = Failure(step="resolving", code="conflict", detail="They do not fit.", hint="Drop one.")
    leave(build, "outcome.json", asdict(Outcome(failure=failure, steps={"resolving": 2.0})))
    advanced(build)
    assert (build.state, build.failure, build.steps) == (BuildState.FAILED, asdict(failure), {"resolving": 2.0})
    assert find_version(ana, "geo", 1).lock is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status(state="lost"), "lost"),
        (Status(state="exited", exit_code=1), "lost"),
        (Status(state="exited", exit_code=-9, reason="timeout"), "timeout"),
    ],
)
def test_a_process_that_left_nothing_has_failed(
    ana: Actor, launcher: type[StandInLauncher], status: Status, code: str
) -> None:
    """A lost process and one that took too long are told apart."""
    build = running(ana)
    launcher.answer = status
    assert advanced(build).state == BuildState.FAILED
    assert build.failure is not None
    assert build.failure["code"] == code


def test_an_outcome_without_lock_or_failure_is_an_error(ana: Actor) -> None:
    """Nothing is stored of it."""
    build = running(ana)
    with pytest.raises(ValueError, match="a lock and a report"):
        store_outcome(build, Outcome())
    build.refresh_from_db()
    assert build.state == BuildState.RESOLVING


def test_a_queued_build_is_cancelled_at_once_and_a_running_one_by_the_worker(
    ana: Actor, launcher: type[StandInLauncher]
) -> None:
    """The worker ends its process; what has ended cannot be cancelled."""
    assert cancel_build(ana, str(queued(ana, "one").pk)).state == BuildState.CANCELLED
    build = cancel_build(ana, str(running(ana, "two").pk))
    assert (build.state, build.cancel_requested) == (BuildState.RESOLVING, True)
    assert advanced(build).state == BuildState.CANCELLED
    assert launcher.stopped == [launcher.known[str(build_directory(build.pk))]]
    with pytest.raises(ConflictError, match="has ended: cancelled"):
        cancel_build(ana, str(build.pk))


def test_who_may_see_a_build(ana: Actor) -> None:
    """That of another person's draft is not found, like one that never was, and a viewer builds nothing."""
    build = queued(ana)
    cleo = person("cleo")
    for number in (str(build.pk), "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFoundError):
            cancel_build(cleo, number)
    with pytest.raises(ForbiddenError):
        request_build(replace(ana, role=Role.VIEWER), draft(ana, "other").environment.slug, 1)


def test_an_edited_draft_does_not_get_the_lock_of_its_old_spec(ana: Actor) -> None:
    """The build that was replaced ends, the version stays without a lock."""
    build = queued(ana)
    Build.objects.filter(pk=build.pk).update(state=BuildState.CANCELLED)
    edit_spec(ana, "geo", 1, spec_input("idna"))
    Build.objects.filter(pk=build.pk).update(state=BuildState.CHECKING)
    store_outcome(build, outcome_of(lock_of({"six": "1.17.0"})))
    build.refresh_from_db()
    assert build.state == BuildState.BUILT
    assert find_version(ana, "geo", 1).lock is None


def test_an_outcome_counts_once(ana: Actor) -> None:
    """Two workers that read the same file make one event and one lock."""
    build, outcome = running(ana), outcome_of(lock_of({"six": "1.17.0"}))
    store_outcome(build, outcome)
    store_outcome(build, outcome)
    assert events(build).count("build.built") == 1
    assert Lock.objects.count() == 1


def test_a_lock_that_a_preview_has_shown_is_installed_without_resolving(ana: Actor) -> None:
    """When it is built already and its files are there, it is used at once; else the process gets the lock."""
    lock = lock_of({"six": "1.3.0"})
    first = queued(ana, "one", "six==1.3.0")
    cache_resolution(ResolveRequest.from_dict(first.request), lock)
    advance()
    job = Job.from_dict(json.loads((build_directory(first.pk) / "job.json").read_text()))
    assert job.lock == lock.to_toml()
    store_outcome(Build.objects.get(pk=first.pk), outcome_of(lock))
    for name in METADATA:
        (prefix(lock.digest) / name).touch()
    second = advanced(queued(ana, "two", "six==1.3.0"))
    assert (second.state, second.reused, second.digest) == (BuildState.BUILT, True, lock.digest)
    assert "already built" in read_log(second, 0)["text"]
    (prefix(lock.digest) / METADATA[0]).unlink()
    third = advanced(queued(ana, "three", "six==1.3.0"))
    assert (third.state, third.reused) == (BuildState.RESOLVING, False)


def test_a_repair_installs_the_lock_of_the_version(ana: Actor) -> None:
    """It resolves nothing, and never takes the files that have drifted for good."""
    lock = lock_of({"six": "1.2.0"})
    draft(ana, "geo")
    built(ana, "geo", lock=lock)
    verify.store_outcome(verify.request_verification(ana, "geo", 1), DRIFTED)
    repair = advanced(Build.objects.get(pk=request_repair(ana, "geo", 1).pk))
    job = Job.from_dict(json.loads((build_directory(repair.pk) / "job.json").read_text()))
    assert (job.repair, job.lock) == (True, lock.to_toml())


def test_what_killed_builds_left_is_swept(ana: Actor) -> None:
    """Directories of builds that run stay."""
    build = running(ana)
    environments = Path(engine_paths().environments)
    dead, alive = environments / f"{building.BUILDING}gone", environments / f"{building.BUILDING}{build.pk}"
    for folder in (dead, alive):
        folder.mkdir(parents=True)
    assert [Path(one).name for one in sweep_leftovers()] == [dead.name]
    assert (dead.exists(), alive.exists()) == (False, True)
    alive.rmdir()


def test_two_requests_at_once_are_one_build(ana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is slower gets the build of the faster one, by the database's own rule."""
    first = queued(ana)
    stale = find_version(ana, "geo", 1)
    stale.build = None
    monkeypatch.setattr(building, "find_version", lambda *_: stale)
    assert request_build(ana, "geo", 1).pk == first.pk
    assert Build.objects.filter(state__in=ACTIVE_BUILD).count() == 1
    assert connection.is_usable()
