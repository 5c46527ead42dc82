"""Projects: what runs, in which environment."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status, Use, check_use
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import check_slug
from assay.flow.access import find_reference
from assay.flow.compose.draft import check_title
from assay.flow.launch.launch import LaunchPermission, authorize_launch
from assay.flow.launch.secrets import check_secrets_exist
from assay.runtimes.applications import check_needs, template
from assay.runtimes.cron import next_time, zone_of
from assay.runtimes.run_settings import Plan, check_plan
from assay.store.audit_log import record
from assay.store.models import Runtime


def create(actor: Actor, slug: str, plan: Plan) -> Runtime:
    """Set up a project that runs in a published version: `name` (the newest) or `name@number`."""
    check_right(actor, Right.COMPOSE)
    check_slug(slug)
    _check(actor, plan)
    now = timezone.now()
    try:
        with transaction.atomic():
            runtime = Runtime.objects.create(
                workspace_id=actor.workspace_id,
                slug=slug,
                owner_id=actor.id,
                created_at=now,
                updated_at=now,
                next_at=next_time(plan.schedule, plan.timezone, now),
                **_columns(plan, slug),
            )
            _record(EventName.RUNTIME_CREATED, actor, runtime)
    except IntegrityError as error:
        raise ConflictError(f"The short name {slug!r} is taken.", hint="Choose another one.", path="slug") from error
    return runtime


def change(actor: Actor, slug: str, plan: Plan) -> Runtime:
    """Change one's own project; runs keep what they ran. Raises as `create` does."""
    runtime = find(actor, slug)
    check_right(actor, Right.COMPOSE)
    _check(actor, plan)
    if (plan.schedule, plan.timezone) != (runtime.schedule, runtime.timezone):
        runtime.next_at = next_time(plan.schedule, plan.timezone, timezone.now())
        runtime.notice = ""
    with transaction.atomic():
        for column, value in _columns(plan, slug).items():
            setattr(runtime, column, value)
        runtime.updated_at = timezone.now()
        runtime.save()
        _record(EventName.RUNTIME_CHANGED, actor, runtime)
    return runtime


def plan_of(runtime: Runtime) -> Plan:
    """Return what a project is set up to do, to be changed in parts with `dataclasses.replace`."""
    return Plan(
        environment=runtime.environment,
        title=runtime.title,
        kind=runtime.kind,
        source=runtime.source,
        entry=runtime.entry,
        arguments=tuple(runtime.arguments),
        parameters=runtime.parameters,
        secrets=tuple(runtime.secrets),
        limits=runtime.limits,
        retries=runtime.retries,
        schedule=runtime.schedule,
        timezone=runtime.timezone,
        app=runtime.app,
        shared=runtime.shared,
    )


def _check(actor: Actor, plan: Plan) -> None:
    check_plan(plan)
    check_secrets_exist(actor, plan.secrets)
    zone_of(plan.timezone)
    version = find_reference(actor, plan.environment)
    check_use(Status(version.status), Health(version.health), Use.RUNTIME)
    if plan.app:
        check_needs(version, template(actor.workspace_id, plan.app))


def admit_runtime(actor: Actor, environment: str) -> LaunchPermission:
    """Return a pass for the version that an environment names now, if projects may run in it. Raises why not."""
    ticket = authorize_launch(actor, environment)
    check_use(Status(ticket.version.status), Health(ticket.version.health), Use.RUNTIME)
    return ticket


def _columns(plan: Plan, slug: str) -> dict[str, Any]:
    return {
        "title": check_title(plan.title or slug),
        "kind": plan.kind,
        "environment": plan.environment,
        "source": plan.source,
        "entry": plan.entry,
        "arguments": list(plan.arguments),
        "parameters": plan.parameters,
        "secrets": list(plan.secrets),
        "limits": plan.limits,
        "retries": plan.retries,
        "schedule": plan.schedule,
        "timezone": plan.timezone,
        "app": plan.app,
        "shared": plan.shared,
    }


def _record(name: EventName, actor: Actor, runtime: Runtime) -> None:
    record(
        name,
        workspace_id=actor.workspace_id,
        actor=actor.name,
        detail={"runtime": runtime.slug, "environment": runtime.environment},
    )


def mine(actor: Actor) -> list[Runtime]:
    """Return one's own runtimes, the last changed first."""
    return list(_here(actor).filter(owner_id=actor.id).order_by("-updated_at"))


def shared_with(actor: Actor) -> list[Runtime]:
    """Return others' scripts and notebooks that all members may run, the last changed first."""
    return list(_runnable(actor).exclude(owner_id=actor.id).order_by("-updated_at"))


def find(actor: Actor, slug: str) -> Runtime:
    """Return one's own runtime. Raises NotFoundError."""
    return _one(_here(actor).filter(owner_id=actor.id), slug)


def find_runnable(actor: Actor, slug: str) -> Runtime:
    """Return a runtime that one may run: one's own, or one that is shared. Raises NotFoundError."""
    return _one(_runnable(actor), slug)


def _here(actor: Actor) -> QuerySet[Runtime]:
    return Runtime.objects.filter(workspace_id=actor.workspace_id).select_related("owner", "workspace")


def _runnable(actor: Actor) -> QuerySet[Runtime]:
    """Apps are opened, not run (`passes`)."""
    return _here(actor).filter(Q(owner_id=actor.id) | Q(shared=True, kind__in=("script", "notebook")))


def _one(runtimes: QuerySet[Runtime], slug: str) -> Runtime:
    runtime = runtimes.filter(slug=slug).first()
    if runtime is None:
        raise NotFoundError(
            f"You have no runtime {slug[:40]!r}.", hint="Check the name, or ask its owner to share it."
        )
    return runtime
