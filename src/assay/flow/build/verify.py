"""Verification: compare the files of a built version with what was built. A drifted version cannot be launched.

A verification runs like a build: a separate process that writes its progress and outcome to files.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status
from assay.core.roles import Actor, Right, check_right
from assay.flow.access import find_version
from assay.flow.build.engine_process import read_json, start_engine
from assay.flow.build.wakeup import pipe, wake_worker
from assay.flow.paths import prefix, verification_directory
from assay.launchers.interface import Handle
from assay.launchers.local import LocalLauncher
from assay.store.audit_log import record_version
from assay.store.models import Lock, Verification, Version
from assay.store.models.maintenance import OPEN_VERIFICATION
from assay.store.statements import Statement
from assay.store.transitions import set_health

TIMEOUT = 3600.0  # seconds; 2 GB take about 2 s
NAMED = 100  # at most so many paths of each kind are stored in the database and shown in the log


def request_verification(actor: Actor, slug: str, number: int) -> Verification:
    """Queue a verification of a version; while one is open, return that one."""
    version = find_version(actor, slug, number)
    check_right(actor, Right.COMPOSE if version.author_id == actor.id else Right.REVIEW)
    return queue(version, actor.name)


def queue(version: Version, who: str) -> Verification:
    """Queue a verification, or return the open one of the same lock. Raises ConflictError when nothing is built."""
    if version.lock is None:
        raise ConflictError("This version is not built.", hint="Build it first.")
    try:
        with transaction.atomic():
            made = Verification.objects.create(
                version=version, lock=version.lock, requested_by=who, created_at=timezone.now()
            )
            wake_worker()
            record_version(EventName.VERIFICATION_REQUESTED, version, who, verification=str(made.pk))
    except IntegrityError:
        return Verification.objects.get(lock=version.lock, state__in=OPEN_VERIFICATION)
    return made


def queue_all() -> int:
    """Queue a verification of every lock of a version that is not retired; return the number of locks."""
    alive = Version.objects.exclude(status=Status.RETIRED).exclude(lock=None)
    one_each = {version.lock_id: version for version in alive.select_related("lock", "environment").order_by("pk")}
    for version in one_each.values():
        queue(version, "assay")
    return len(one_each)


def find_verification(actor: Actor, verification_id: str) -> Verification:
    """Return a verification of a version that the actor may see. Raises NotFoundError."""
    found = (
        Verification.objects.select_related("version__environment", "lock")
        .filter(pk=verification_id, version__environment__workspace_id=actor.workspace_id)
        .first()
    )
    if found is None:
        raise NotFoundError("There is no such verification.", hint="Check the address.")
    find_version(actor, found.version.environment.slug, found.version.number)
    return found


OPEN = Statement(
    lambda: (
        Verification.objects.select_related("lock", "version__environment")
        .filter(state__in=OPEN_VERIFICATION)
        .order_by("created_at")
    )
)


def advance() -> bool:
    """Advance the oldest open verification by one step. Return whether there was one."""
    first = OPEN.first()
    if first is None:
        return False
    if first.handle is None:
        _start(first)
    else:
        _poll(first, Handle(**first.handle))
    return True


def _start(verification: Verification) -> None:
    directory = verification_directory(verification.pk)
    handle = start_engine(
        directory, seconds=TIMEOUT, prepare=lambda: _write_job(verification.lock, directory), wakes=pipe()
    )
    Verification.objects.filter(pk=verification.pk).update(state="running", handle=asdict(handle))


def _write_job(lock: Lock, directory: Path) -> None:
    job = {"prefix": str(prefix(lock.digest)), "digest": lock.digest, "tree": lock.report.get("tree", "")}
    (directory / "rehash.json").write_text(json.dumps(job))


def _poll(verification: Verification, handle: Handle) -> None:
    directory = verification_directory(verification.pk)
    ended = LocalLauncher().status(handle).state != "running"
    outcome = read_json(directory / "outcome.json")
    if outcome is not None:
        store_outcome(verification, outcome)
        shutil.rmtree(directory, ignore_errors=True)
    elif ended:
        _end(verification, "failed", None)
    else:
        progress = read_json(directory / "progress.json")
        if progress is not None and progress != verification.progress:
            Verification.objects.filter(pk=verification.pk).update(progress=progress)


def store_outcome(verification: Verification, outcome: dict[str, Any]) -> None:
    """Store the outcome; drift sets every version of this lock to "attention", a clean outcome resets it to "ok"."""
    short = {**outcome, **{kind: outcome[kind][:NAMED] for kind in ("changed", "missing", "added")}}
    with transaction.atomic():
        if not _end(verification, "clean" if outcome["clean"] else "drifted", short):
            return
        before = Lock.objects.select_for_update().get(pk=verification.lock_id).drift
        Lock.objects.filter(pk=verification.lock_id).update(drift=None if outcome["clean"] else short)
        if outcome["clean"] == (before is None):
            return
        for version in Version.objects.select_related("environment", "lock").filter(lock=verification.lock):
            _set_health(version, short)


def _set_health(version: Version, outcome: dict[str, Any]) -> None:
    if outcome["clean"]:
        health = Health.OK if version.health == Health.ATTENTION else Health(version.health)
        set_health(version, health, event=EventName.VERSION_MENDED, actor="assay", reason="all files are as built")
        return
    health = Health(version.health) if version.health == Health.QUARANTINED else Health.ATTENTION
    set_health(version, health, event=EventName.VERSION_DRIFTED, actor="assay", reason=words_of(outcome))


def words_of(outcome: dict[str, Any]) -> str:
    """Return a summary of the drift in one line."""
    counts = [f"{len(outcome[kind])} {kind}" for kind in ("changed", "missing", "added") if outcome[kind]]
    first = next(path for kind in ("changed", "missing", "added") for path in outcome[kind])
    return f"files {', '.join(counts)}; the first: {first}"


def _end(verification: Verification, state: str, outcome: dict[str, Any] | None) -> bool:
    return bool(
        Verification.objects.filter(pk=verification.pk, state__in=OPEN_VERIFICATION).update(
            state=state, outcome=outcome, finished_at=timezone.now()
        )
    )
