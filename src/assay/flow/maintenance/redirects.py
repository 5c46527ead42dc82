"""Where a retired version leads: its successor, or the successor's, if one of them can be launched."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import Q

from assay.core.lifecycle import Health, Status, launchable
from assay.core.maintenance.redirects import Target, final_target
from assay.core.spec import REFERENCE
from assay.store.models import Environment, Version


def redirect_of(version: Version) -> str:
    """Return the reference to use instead of a version, '' when its successors lead to none."""
    return redirects_of(version.environment.workspace_id, [version.successor])[version.successor]


def redirects_of(workspace_id: int, references: Iterable[str]) -> dict[str, str]:
    """Map each reference to the first launchable one from it on, '' for none: one query for each link of a chain."""
    wanted = list(references)
    known: dict[str, Target | None] = {"": None}
    open_ends = set(wanted) - known.keys()
    while open_ends:
        known |= {**dict.fromkeys(open_ends), **_targets(workspace_id, open_ends)}
        open_ends = {one.follows for one in known.values() if one and not one.launchable} - known.keys()
    return {one: final_target(one, known.get) for one in wanted}


def redirect_of_environment(environment: Environment) -> str:
    """Return the reference that the name of an environment without an active version leads to, '' for none."""
    retired = environment.versions.filter(status=Status.RETIRED).exclude(successor="")
    last = retired.select_related("environment").order_by("-number").first()
    return redirect_of(last) if last else ""


def _targets(workspace_id: int, references: Iterable[str]) -> dict[str, Target]:
    """Return what is known of the versions that exist among references: one query."""
    exact = [found for one in references if (found := REFERENCE.fullmatch(one))]
    named = reduce(or_, (Q(environment__slug=one[1], number=int(one[2])) for one in exact), Q(pk__in=[]))
    rows = Version.objects.filter(named, environment__workspace_id=workspace_id)
    rows = rows.select_related("lock", "environment__active__environment")
    return {one.reference: _target(one) for one in rows.defer("lock__text", "lock__content", "lock__report")}


def _target(version: Version) -> Target:
    active = version.environment.active
    return Target(launchable=open_to_all(version), follows=version.successor or (active.reference if active else ""))


def open_to_all(version: Version) -> bool:
    """Return whether everyone may launch a version: by its status and health, and with its files unchanged."""
    drifted = version.lock is not None and version.lock.drift is not None
    return launchable(Status(version.status), Health(version.health), drifted=drifted)
