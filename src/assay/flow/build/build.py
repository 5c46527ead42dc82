"""Builds: a request queues one; the worker starts it, polls it and stores its outcome.

A build runs in a separate process that writes its progress and outcome to files. The database row records
the last known state; if the worker or the build is killed, the next poll of the files updates the row.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError
from assay.core.events import EventName
from assay.core.lifecycle import ACTIVE_BUILD, Action, BuildState, build_may_move, decide
from assay.core.lock import Lock as LockValue
from assay.core.roles import Actor, Right, check_right
from assay.engine.build import CREDENTIALS
from assay.engine.garbage_collection import empty_trash
from assay.engine.installing.seal import BUILDING, is_sealed, remove_unfinished
from assay.engine.interface import Credentials, Failure, Job, Outcome, ResolveRequest
from assay.engine.layout import remove_tree
from assay.engine.leases import release_lease, take_lease
from assay.engine.wheel_store.store import clear_unpacking, remove_unpacking
from assay.flow.access import find_build, find_reference, find_version, version_state
from assay.flow.assess.policy import current_policy
from assay.flow.build.engine_process import read_json, start_engine
from assay.flow.build.verify import queue
from assay.flow.build.wakeup import pipe, wake_worker
from assay.flow.compose.draft import CheckedSpec
from assay.flow.compose.resolution_cache import cached_resolution
from assay.flow.compose.resolve import resolve_request
from assay.flow.package_indexes import indexes_in
from assay.flow.paths import build_directory, engine_paths, prefix
from assay.launchers.interface import Handle
from assay.launchers.local import LocalLauncher
from assay.store.audit_log import record_version
from assay.store.logs import log_from
from assay.store.models import Build, Lock, LockedLibrary, Version
from assay.store.statements import Statement
from assay.store.transitions import touch

BUILD_TIMEOUT = 3600  # seconds
MAX_CONCURRENT = max(1, min(4, (os.cpu_count() or 2) // 2))  # concurrent builds; each uses several cores itself
LOST = Failure(
    step="",
    code="lost",
    detail="The build's process vanished (the machine or the process was killed).",
    hint="Unfinished files were removed. Build again.",
)

log = logging.getLogger("assay.build")


def request_build(actor: Actor, slug: str, number: int) -> Build:
    """Queue a build of a draft; while one is open, return that one."""
    version = find_version(actor, slug, number)
    if version.build is not None and version.build.active and version.author_id == actor.id:
        return version.build
    decide(Action.BUILD, version_state(version), actor)
    checked = checked_spec_of(actor, version)
    cool_down = current_policy(actor.workspace_id).policy.cool_down_days
    request = asdict(resolve_request(checked, indexes_in(actor.workspace_id), cool_down_days=cool_down))
    try:
        with transaction.atomic():
            build = Build.objects.create(
                version=version,
                requested_by_id=actor.id,
                state=BuildState.QUEUED,
                request=request,
                created_at=timezone.now(),
            )
            touch(version, build=build)
            wake_worker()
            record_version(EventName.BUILD_REQUESTED, version, actor.name, build=str(build.pk))
    except IntegrityError:  # two requests at the same time: both return the first one
        return Build.objects.get(version=version, state__in=ACTIVE_BUILD)
    return build


def cancel_build(actor: Actor, build_id: str) -> Build:
    """Request the cancellation of a build; a queued build is cancelled at once."""
    build = find_build(actor, build_id)
    decide(Action.BUILD, version_state(build.version), actor)
    if not build.active:
        raise ConflictError(f"The build has ended: {build.state}.", hint="Build again if you want another.")
    end_soon(build)
    return build


def end_soon(build: Build) -> None:
    """Cancel an open build: a queued one at once, a running one at the worker's next step."""
    Build.objects.filter(pk=build.pk).update(cancel_requested=True)
    wake_worker()
    if not _end(build, BuildState.CANCELLED, event=EventName.BUILD_CANCELLED, only_from=[BuildState.QUEUED]):
        build.refresh_from_db()


def checked_spec_of(actor: Actor, version: Version) -> CheckedSpec:
    """Return a version's spec as a checked spec, with the versions that it references."""
    spec = version.parsed_spec
    kept = find_reference(actor, spec.keep, path="keep") if spec.keep else None
    return CheckedSpec(spec=spec, base=version.base, python=version.python, corrections=(), kept=kept)


def request_repair(actor: Actor, slug: str, number: int) -> Build:
    """Queue a rebuild of a version's own lock that replaces its drifted files."""
    version = find_version(actor, slug, number)
    check_right(actor, Right.COMPOSE if version.author_id == actor.id else Right.REVIEW)
    if version.lock is None or version.lock.drift is None:
        raise ConflictError("Its files are what was built.", hint="Verify it first if you doubt that.")
    checked = CheckedSpec(spec=version.parsed_spec, base=version.base, python=version.lock.python, corrections=())
    with transaction.atomic():
        build, made = Build.objects.get_or_create(
            version=version,
            state__in=ACTIVE_BUILD,
            defaults={
                "state": BuildState.QUEUED,
                "requested_by_id": actor.id,
                "request": asdict(resolve_request(checked, indexes_in(actor.workspace_id))),
                "repair": True,
                "created_at": timezone.now(),
            },
        )
        if made:
            wake_worker()
            record_version(EventName.BUILD_REQUESTED, version, actor.name, build=str(build.pk), repair=True)
    return build


OPEN = Statement(
    lambda: (
        Build.objects.select_related("version__environment__workspace", "version__lock")
        .filter(state__in=ACTIVE_BUILD)
        .order_by("created_at")
    )
)


def advance() -> bool:
    """Advance every open build by one step. Return whether any build was open."""
    opened = OPEN.rows()
    running = sum(build.state != BuildState.QUEUED for build in opened)
    for build in opened:
        if build.state != BuildState.QUEUED:
            _poll(build)
        elif running < MAX_CONCURRENT:
            running += _claim(build)
    return bool(opened)


def _claim(build: Build) -> bool:
    claimed = Build.objects.filter(pk=build.pk, state=BuildState.QUEUED).update(
        state=BuildState.RESOLVING, started_at=timezone.now()
    )
    if not claimed:
        return False
    build.refresh_from_db()
    if _reuse_existing(build):
        return False
    _launch(build)
    return True


def _reuse_existing(build: Build) -> bool:
    """Finish a build at once when its lock is cached from a preview and already built. Return whether it did."""
    known = None if build.repair else cached_resolution(ResolveRequest.from_dict(build.request))
    row = Lock.objects.filter(digest=known.digest, drift__isnull=True).first() if known else None
    if known is None or row is None:
        return False
    take_lease(engine_paths(), str(build.pk), known)
    if not is_sealed(prefix(row.digest)):
        return False
    directory = build_directory(build.pk)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "log").write_text(f"This lock is already built; reusing its environment.\nBuilt {row.digest}\n")
    store_outcome(build, Outcome(lock=row.text, digest=row.digest, report=row.report, reused=True))
    return True


def _launch(build: Build) -> None:
    """Start the build's process, or attach to the one that a killed worker started."""
    directory = build_directory(build.pk)
    handle = start_engine(
        directory, seconds=BUILD_TIMEOUT + 60, prepare=lambda: _write_job(build, directory), wakes=pipe()
    )
    with transaction.atomic():
        Build.objects.filter(pk=build.pk).update(handle=asdict(handle))
        record_version(EventName.BUILD_STARTED, build.version, "assay", build=str(build.pk))


def _write_job(build: Build, directory: Path) -> None:
    workspace = build.version.environment.workspace
    job = Job(
        request=ResolveRequest.from_dict(build.request),
        paths=engine_paths(),
        lock=_lock_to_install(build),
        repair=build.repair,
        require_sandbox=workspace.require_sandbox,
        timeout=BUILD_TIMEOUT,
        sdist_seconds=settings.SDIST_SECONDS,
        sdist_memory=settings.SDIST_MEMORY,
    )
    (directory / "job.json").write_text(json.dumps(job.to_dict()))
    _write_credentials(indexes_in(workspace.pk).credentials, directory / CREDENTIALS)


def _write_credentials(credentials: Credentials, path: Path) -> None:
    """Write index credentials (mode 0600) for the build's process, which deletes the file when it reads it."""
    if credentials:
        path.touch(mode=0o600)
        path.write_text(json.dumps(credentials))


def _lock_to_install(build: Build) -> str | None:
    """Return the lock (TOML) to install without resolving: a repair's own or a cached preview's; None: resolve."""
    if build.repair:
        return build.version.lock.text if build.version.lock else None
    known = cached_resolution(ResolveRequest.from_dict(build.request))
    return known.to_toml() if known else None


def _poll(build: Build) -> None:
    directory = build_directory(build.pk)
    if build.handle is None:  # the worker was killed between claiming and starting
        _launch(build)
        return
    launcher, handle = LocalLauncher(), Handle(**build.handle)
    if build.cancel_requested:
        launcher.stop(handle)
        _end(build, BuildState.CANCELLED, event=EventName.BUILD_CANCELLED)
        return
    ended = launcher.status(handle).state != "running"  # read before the outcome, which may be written in between
    outcome = read_json(directory / "outcome.json")
    if outcome is not None:
        store_outcome(build, Outcome.from_dict(outcome))
    elif ended:
        _fail(build, _vanished(launcher.status(handle).reason), {})
    else:
        _show_progress(build, read_json(directory / "progress.json"))


def _vanished(reason: str) -> Failure:
    if reason == "timeout":
        return Failure(
            step="",
            code="timeout",
            detail=f"The build took longer than {BUILD_TIMEOUT} seconds.",
            hint="Name fewer libraries, or build again when the package index is faster.",
        )
    return LOST


def _show_progress(build: Build, progress: dict[str, Any] | None) -> None:
    if progress is None or progress == build.progress:
        return
    step = BuildState(progress["step"])
    state = step if build_may_move(BuildState(build.state), step) else BuildState(build.state)
    Build.objects.filter(pk=build.pk, state=build.state).update(
        progress=progress, steps=progress.get("steps", {}), state=state
    )


def store_outcome(build: Build, outcome: Outcome) -> None:
    """Store the outcome of a build: the lock and its report, or the failure."""
    if outcome.failure is not None:
        _fail(build, outcome.failure, outcome.steps)
        return
    with transaction.atomic():
        lock = _store_lock(outcome)
        ended = _end(
            build,
            BuildState.BUILT,
            event=EventName.BUILD_FINISHED,
            digest=lock.digest,
            steps=outcome.steps,
            reused=outcome.reused,
        )
        version = Version.objects.select_for_update().get(pk=build.version_id)
        if ended and version.build_id == build.pk:
            touch(version, lock=lock)
        if ended and build.repair:
            queue(version, "assay")


def _store_lock(outcome: Outcome) -> Lock:
    if outcome.lock is None or outcome.report is None:
        raise ValueError("A successful build has a lock and a report.")
    value = LockValue.from_toml(outcome.lock)
    lock, made = Lock.objects.get_or_create(
        digest=value.digest,
        defaults={
            "text": outcome.lock,
            "content": value.to_dict(),
            "python": value.python,
            "platform": value.platform,
            "libraries_count": len(value.libraries),
            "size": outcome.report["size"],
            "report": outcome.report,
            "created_at": timezone.now(),
        },
    )
    if made:
        sizes = {one["name"]: one["size"] for one in outcome.report["libraries"]}
        LockedLibrary.objects.bulk_create(
            LockedLibrary(
                lock=lock,
                name=one.name[:200],
                version=one.version[:100],
                file=one.file.sha256,
                size=sizes.get(one.name, 0),
            )
            for one in value.libraries
        )
    return lock


def _fail(build: Build, failure: Failure, steps: dict[str, float]) -> None:
    _end(build, BuildState.FAILED, event=EventName.BUILD_FAILED, failure=asdict(failure), steps=steps)


def _end(
    build: Build,
    state: BuildState,
    *,
    event: EventName,
    only_from: list[BuildState] | None = None,
    **columns: Any,  # noqa: ANN401 - column values
) -> bool:
    """End a build and record it; return False, changing nothing, when it has ended already."""
    with transaction.atomic():
        changed = Build.objects.filter(pk=build.pk, state__in=only_from or ACTIVE_BUILD).update(
            state=state, finished_at=timezone.now(), **columns
        )
        if changed:
            detail = {"build": str(build.pk), **{k: v for k, v in columns.items() if k != "steps"}}
            record_version(event, build.version, "assay", **detail)
    transaction.on_commit(lambda: _clean_up(str(build.pk)))
    build.refresh_from_db()
    if changed:
        log.info("The build of %s has ended: %s", build.version.reference, state, extra={"build": build.pk})
    return bool(changed)


def _clean_up(name: str) -> None:
    """Remove the unfinished files of an ended build and release its lease."""
    remove_tree(Path(engine_paths().environments) / f"{BUILDING}{name}")
    clear_unpacking(Path(engine_paths().wheels), name)
    release_lease(engine_paths(), name)


def sweep_leftovers() -> list[str]:
    """Remove the unfinished files of killed builds, keeping those of open builds; return what was removed."""
    opened = Build.objects.filter(state__in=ACTIVE_BUILD).values_list("pk", flat=True)
    alive = frozenset(str(build_id) for build_id in opened)
    empty_trash(engine_paths())
    removed = remove_unfinished(engine_paths(), frozenset(f"{BUILDING}{build_id}" for build_id in alive))
    return removed + remove_unpacking(Path(engine_paths().wheels), alive)


def read_log(build: Build, offset: int) -> dict[str, Any]:
    """Return a bounded part of the log from a byte offset, the next offset, and whether the log is complete."""
    return log_from(build_directory(build.pk) / "log", offset, ended=not build.active)
