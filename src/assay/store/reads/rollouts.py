"""Roll-outs: who belongs to a pilot group, and how starts went in a version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from assay.core.applications import APP_NOT_RESPONDING
from assay.core.events import EventName
from assay.core.maintenance.rollout import COMPARED, Figures, RolloutPlan, RolloutState, Starts, figures_of
from assay.core.roles import Actor
from assay.store.models import Environment, Event, Membership, Rollout, Run, Server, Version

NAMED = 100  # members of a pilot group that a page names


@dataclass(frozen=True, kw_only=True)
class Moved:
    """The last recorded change of what a name stands for: who changed it, when and why."""

    actor: str
    at: datetime
    reason: str
    before: int | None


def plan_of(rollout: Rollout) -> RolloutPlan:
    """Return the plan of a roll-out."""
    return RolloutPlan(
        people=tuple(rollout.people),
        groups=tuple(rollout.groups),
        starts=rollout.starts_needed,
        days=rollout.days_needed,
    )


def figures_in(rollout: Rollout) -> Figures:
    """Return the figures as they were counted last; the time of the last failure is not among them."""
    return Figures(
        starts=rollout.starts,
        failures=rollout.failures,
        starts_before=rollout.starts_before,
        failures_before=rollout.failures_before,
    )


def count_starts(rollout: Rollout) -> Figures:
    """Count the starts since the pilot began, and those of the version before since some days earlier: 8 queries."""
    new = starts_in(rollout.version, rollout.started_at)
    before = starts_in(rollout.before, rollout.started_at - COMPARED) if rollout.before else {}
    return figures_of(new, before)


def starts_in(version: Version, since: datetime) -> dict[str, Starts]:
    """Return how starts of a version went since a time, by kind.

    A Studio server starts well when it becomes ready, an app when it responds, a run when it succeeds. Cancelled
    starts, runs that were lost or exceeded their time limit, kernels and downloads do not count.
    """
    return {"server": _servers(version, since), **_runs(version, since)}


def _servers(version: Version, since: datetime) -> Starts:
    """Count servers. The row of a server that restarted in another version is rewritten, so events count."""
    environment = version.environment
    ready = Event.objects.filter(
        workspace_id=environment.workspace_id,
        environment=environment.slug,
        number=version.number,
        name=EventName.SERVER_LAUNCHED,
        at__gte=since,
    )
    failed = Server.objects.filter(version=version, state="failed", ready_at=None, stopped_at__gte=since)
    found = failed.aggregate(count=Count("pk"), last=Max("stopped_at"))
    return Starts(good=ready.count(), failed=found["count"], last_failure=found["last"])


def _runs(version: Version, since: datetime) -> dict[str, Starts]:
    app, ended = Q(runtime__kind="app"), Q(finished_at__gte=since)
    never = Q(healthy_at=None) & ended
    failed_app = app & never & (Q(state__in=["failed", "timeout"]) | Q(state="cancelled", message=APP_NOT_RESPONDING))
    failed_run = ~app & ended & Q(state="failed")
    found = Run.objects.filter(version=version).aggregate(
        apps=Count("pk", filter=app & Q(healthy_at__gte=since)),
        failed_apps=Count("pk", filter=failed_app),
        last_app=Max("finished_at", filter=failed_app),
        runs=Count("pk", filter=~app & ended & Q(state="succeeded")),
        failed_runs=Count("pk", filter=failed_run),
        last_run=Max("finished_at", filter=failed_run),
    )
    return {
        "app": Starts(good=found["apps"], failed=found["failed_apps"], last_failure=found["last_app"]),
        "run": Starts(good=found["runs"], failed=found["failed_runs"], last_failure=found["last_run"]),
    }


def is_pilot(actor: Actor, rollout: Rollout) -> bool:
    """Return whether a person belongs to the pilot group now: one query if it depends on their groups."""
    if actor.name in rollout.people:
        return True
    if not rollout.groups:
        return False
    found = Membership.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id)
    return plan_of(rollout).includes(actor.name, found.values_list("groups", flat=True).first() or ())


def pilots_of(actor: Actor) -> dict[int, int]:
    """Map each environment whose pilot group the person belongs to, to the version of the pilot: two queries."""
    running = list(
        Rollout.objects.filter(state=RolloutState.PILOT, version__environment__workspace_id=actor.workspace_id)
        .order_by()
        .values_list("version__environment_id", "version_id", "people", "groups")
    )
    if not running:
        return {}
    found = Membership.objects.filter(workspace_id=actor.workspace_id, person_id=actor.id)
    own = found.values_list("groups", flat=True).first() or ()
    return {
        environment: version
        for environment, version, people, groups in running
        if RolloutPlan(people=tuple(people), groups=tuple(groups)).includes(actor.name, own)
    }


def pilot_members(workspace_id: int, plan: RolloutPlan) -> list[tuple[int, str]]:
    """Return (id, name) of the active members of a workspace that a plan includes, by name: one query."""
    rows = Membership.objects.filter(workspace_id=workspace_id, person__is_active=True).order_by("person__username")
    rows = rows if plan.groups else rows.filter(person__username__in=plan.people)
    found = rows.values_list("person_id", "person__username", "groups")
    return [(pk, name) for pk, name, groups in found if plan.includes(name, groups)]


def groups_in(workspace_id: int) -> dict[str, int]:
    """Return the groups of a workspace with their numbers of members, by name: one query."""
    counts: dict[str, int] = {}
    for groups in Membership.objects.filter(workspace_id=workspace_id).values_list("groups", flat=True):
        for one in groups:
            counts[one] = counts.get(one, 0) + 1
    return dict(sorted(counts.items()))


def member_names(workspace_id: int) -> list[str]:
    """Return the names of the members of a workspace, sorted."""
    rows = Membership.objects.filter(workspace_id=workspace_id, person__is_active=True)
    return list(rows.order_by("person__username").values_list("person__username", flat=True))


def last_move(environment: Environment) -> Moved | None:
    """Return the last recorded change of what the name stands for, None since the last publication: one query."""
    events = Event.objects.filter(workspace_id=environment.workspace_id, environment=environment.slug)
    found = events.filter(name=EventName.ENVIRONMENT_ACTIVE_SET).order_by("-sequence").first()
    if found is None or found.detail["to"] != (environment.active.number if environment.active else None):
        return None
    reason, before = found.detail["reason"], found.detail["from"]
    return Moved(actor=found.actor, at=found.at, reason=reason, before=before)
