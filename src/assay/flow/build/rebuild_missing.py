"""Build again what is missing: environments that can be launched, after a restore or the loss of a disk."""

from __future__ import annotations

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Role
from assay.engine.installing.integrity import Drift
from assay.engine.installing.seal import is_sealed
from assay.flow.access import actor_by
from assay.flow.build.build import request_repair
from assay.flow.build.verify import queue, store_outcome
from assay.flow.paths import prefix
from assay.store.models import Membership, Version

LAUNCHED = (Status.PUBLISHED, Status.DEPRECATED)
MISSING = Drift(missing=("all files",))


def rebuild_missing() -> list[str]:
    """Queue a rebuild of each lock whose environment is missing; return the versions, one for each lock.

    Each is built from its own lock, and verified afterwards. A workspace without a reviewer is left out.
    """
    rows = Version.objects.filter(status__in=LAUNCHED, lock__isnull=False).select_related("lock", "environment")
    one_each = {version.lock_id: version for version in rows.order_by("pk")}
    found = []
    for version in one_each.values():
        assert version.lock is not None  # noqa: S101 - filtered above
        actor = _reviewer(version.environment.workspace_id)
        if actor is None or is_sealed(prefix(version.lock.digest)):
            continue
        store_outcome(queue(version, "assay"), MISSING.to_dict())
        request_repair(actor, version.environment.slug, version.number)
        found.append(version.reference)
    return found


def _reviewer(workspace_id: int) -> Actor | None:
    roles = (Role.ADMIN, Role.REVIEWER)
    members = Membership.objects.filter(workspace=workspace_id, role__in=roles, person__is_active=True)
    first = members.select_related("person", "workspace").order_by("pk").first()
    return actor_by(first.person, first) if first else None
