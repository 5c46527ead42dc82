"""Garbage collection of environments whose versions are gone, and of wheels that only they used."""

from __future__ import annotations

from assay.core.lifecycle import ACTIVE_BUILD, Status
from assay.core.lock import Lock as LockValue
from assay.engine import garbage_collection, leases
from assay.engine.garbage_collection import Unneeded
from assay.engine.leases import Needed
from assay.flow.paths import engine_paths
from assay.store.models import Build, Lock, Run, Server

OLDER_THAN = 24 * 3600.0  # seconds; what was built today may be needed again today
USING_SERVERS = ("starting", "ready", "stopping")
USING_RUNS = ("queued", "running")


def needed() -> Needed:
    """Return what to keep: every lock of a version that is not retired, or that a server or run uses."""
    living = [status.value for status in Status if status is not Status.RETIRED]
    digests = set(Lock.objects.filter(versions__status__in=living).values_list("digest", flat=True))
    digests |= set(Server.objects.filter(state__in=USING_SERVERS).values_list("digest", flat=True))
    digests |= set(Run.objects.filter(state__in=USING_RUNS).values_list("digest", flat=True))
    locks = Lock.objects.filter(digest__in=digests).values_list("content", flat=True)
    found = Needed(environments=frozenset(digests))
    for content in locks.iterator():
        found |= leases.needed_by(LockValue.from_dict(content))
    return found


def collect(*, dry_run: bool, older_than: float = OLDER_THAN) -> list[Unneeded]:
    """Remove what nothing needs and return it; with `dry_run` only return it. `older_than` is in seconds."""
    release_ended()
    return garbage_collection.collect(engine_paths(), needed, older_than=older_than, dry_run=dry_run)


def release_ended() -> None:
    """Release the leases of builds that have ended or that are not in this database."""
    running = {str(one) for one in Build.objects.filter(state__in=ACTIVE_BUILD).values_list("pk", flat=True)}
    for name in leases.lease_holders(engine_paths()):
        if name not in running:
            leases.release_lease(engine_paths(), name)
