"""Where a retired version leads: its successor, or the successor's, if one of them can be launched."""

from __future__ import annotations

from assay.core.lifecycle import Health, Status, launchable
from assay.core.maintenance.redirects import Target, final_target
from assay.core.spec import REFERENCE
from assay.store.models import Environment, Version


def redirect_of(version: Version) -> str:
    """Return the reference to use instead of a retired version, '' when its successors lead to none."""
    workspace_id = version.environment.workspace_id
    return final_target(version.successor, lambda reference: _find(workspace_id, reference))


def redirect_of_environment(environment: Environment) -> str:
    """Return the reference that the name of an environment without an active version leads to, '' for none."""
    retired = environment.versions.filter(status=Status.RETIRED).exclude(successor="")
    last = retired.select_related("environment").order_by("-number").first()
    return redirect_of(last) if last else ""


def _find(workspace_id: int, reference: str) -> Target | None:
    exact = REFERENCE.fullmatch(reference)
    rows = Version.objects.filter(environment__workspace_id=workspace_id)
    named = rows.filter(environment__slug=exact[1], number=int(exact[2])) if exact else rows.none()
    version = named.select_related("lock", "environment__active__environment").defer("lock__text").first()
    if version is None:
        return None
    active, drifted = version.environment.active, version.lock is not None and version.lock.drift is not None
    return Target(
        launchable=launchable(Status(version.status), Health(version.health), drifted=drifted),
        follows=version.successor or (active.reference if active else ""),
    )
