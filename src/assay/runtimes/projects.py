"""Projects: scripts, notebooks and apps, each with the environment it runs in."""

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
from assay.flow.access import actor_in, find_reference
from assay.flow.compose.draft import check_title
from assay.flow.launch.launch import LaunchPermission, authorize_launch
from assay.flow.launch.secrets import check_secrets_exist
from assay.runtimes.applications import check_needs, template
from assay.runtimes.cron import next_time, zone_of
from assay.runtimes.run_settings import ProjectSpec, check_spec
from assay.store.audit_log import record
from assay.store.models import Runtime
from assay.store.statements import Parameter, Statement


def create(actor: Actor, slug: str, spec: ProjectSpec) -> Runtime:
    """Create a project that runs in a published version: `name` (its active version) or `name@number`."""
    check_right(actor, Right.COMPOSE)
    check_slug(slug)
    _check(actor, spec)
    now = timezone.now()
    try:
        with transaction.atomic():
            runtime = Runtime.objects.create(
                workspace_id=actor.workspace_id,
                slug=slug,
                owner_id=actor.id,
                created_at=now,
                updated_at=now,
                next_at=next_time(spec.schedule, spec.timezone, now),
                **_columns(spec, slug),
            )
            _record(EventName.RUNTIME_CREATED, actor, runtime)
    except IntegrityError as error:
        raise ConflictError(f"The short name {slug!r} is taken.", hint="Choose another one.", path="slug") from error
    return runtime


def change(actor: Actor, slug: str, spec: ProjectSpec) -> Runtime:
    """Change a project of the caller; past runs keep their settings. Raises as `create` does."""
    runtime = find(actor, slug)
    check_right(actor, Right.COMPOSE)
    _check(actor, spec)
    if (spec.schedule, spec.timezone) != (runtime.schedule, runtime.timezone):
        runtime.next_at = next_time(spec.schedule, spec.timezone, timezone.now())
        runtime.message = ""
    with transaction.atomic():
        for column, value in _columns(spec, slug).items():
            setattr(runtime, column, value)
        runtime.updated_at = timezone.now()
        runtime.save()
        _record(EventName.RUNTIME_CHANGED, actor, runtime)
    return runtime


def spec_of(runtime: Runtime) -> ProjectSpec:
    """Return a project's settings; change parts of them with `dataclasses.replace`."""
    return ProjectSpec(
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


def _check(actor: Actor, spec: ProjectSpec) -> None:
    check_spec(spec)
    check_secrets_exist(actor, spec.secrets)
    zone_of(spec.timezone)
    version = find_reference(actor, spec.environment)
    check_use(Status(version.status), Health(version.health), Use.RUNTIME)
    if spec.app:
        check_needs(version, template(actor.workspace_id, spec.app))


def authorize_runtime(actor: Actor, environment: str) -> LaunchPermission:
    """Return permission to run projects in the current version of an environment. Raises the reason against it."""
    permission = authorize_launch(actor, environment)
    check_use(Status(permission.version.status), Health(permission.version.health), Use.RUNTIME)
    return permission


def authorize_project(actor: Actor, runtime: Runtime) -> LaunchPermission:
    """Return permission for the actor to run a project in the version that it names: to its owner, if by name."""
    if runtime.owner_id == actor.id:
        return authorize_runtime(actor, runtime.environment)
    owner = actor_in(runtime.owner, runtime.workspace.slug)
    return authorize_runtime(actor, find_reference(owner, runtime.environment).reference)


def _columns(spec: ProjectSpec, slug: str) -> dict[str, Any]:
    return {
        "title": check_title(spec.title or slug),
        "kind": spec.kind,
        "environment": spec.environment,
        "source": spec.source,
        "entry": spec.entry,
        "arguments": list(spec.arguments),
        "parameters": spec.parameters,
        "secrets": list(spec.secrets),
        "limits": spec.limits,
        "retries": spec.retries,
        "schedule": spec.schedule,
        "timezone": spec.timezone,
        "app": spec.app,
        "shared": spec.shared,
    }


def _record(name: EventName, actor: Actor, runtime: Runtime) -> None:
    record(
        name,
        workspace_id=actor.workspace_id,
        actor=actor.name,
        detail={"runtime": runtime.slug, "environment": runtime.environment},
    )


def list_own(actor: Actor) -> list[Runtime]:
    """Return the caller's projects, last changed first."""
    return list(_in_workspace(actor.workspace_id).filter(owner_id=actor.id).order_by("-updated_at"))


def list_shared(actor: Actor) -> list[Runtime]:
    """Return the scripts and notebooks that others share, last changed first."""
    return list(_runnable(actor.workspace_id, actor.id).exclude(owner_id=actor.id).order_by("-updated_at"))


def find(actor: Actor, slug: str) -> Runtime:
    """Return a project of the caller. Raises NotFoundError."""
    return _found(OWN.first(workspace=actor.workspace_id, person=actor.id, slug=slug), slug)


def find_runnable(actor: Actor, slug: str) -> Runtime:
    """Return a project that the caller may run: their own, or a shared one. Raises NotFoundError."""
    return _found(RUNNABLE.first(workspace=actor.workspace_id, person=actor.id, slug=slug), slug)


def _in_workspace(workspace: int | Parameter) -> QuerySet[Runtime]:
    return Runtime.objects.filter(workspace_id=workspace).select_related("owner", "workspace")


def _runnable(workspace: int | Parameter, person: int | Parameter) -> QuerySet[Runtime]:
    """Return the projects that a person may run; shared apps are opened instead (`app_tickets`)."""
    return _in_workspace(workspace).filter(Q(owner_id=person) | Q(shared=True, kind__in=("script", "notebook")))


OWN = Statement(
    lambda: _in_workspace(Parameter("workspace")).filter(owner_id=Parameter("person"), slug=Parameter("slug"))
)
RUNNABLE = Statement(lambda: _runnable(Parameter("workspace"), Parameter("person")).filter(slug=Parameter("slug")))


def _found(runtime: Runtime | None, slug: str) -> Runtime:
    if runtime is None:
        raise NotFoundError(
            f"You have no project {slug[:40]!r}.", hint="Check the name, or ask its owner to share it."
        )
    return runtime
