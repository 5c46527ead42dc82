"""Applications of a workspace: the built-in ones, and those that its administrators added."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from assay.core.applications import BUILT_IN, Application, check_application
from assay.core.errors import ConflictError, NotFoundError
from assay.core.events import EventName
from assay.core.roles import Actor, Right, check_right
from assay.store.audit_log import record
from assay.store.models import StudioApplication


def list_applications(workspace_id: int) -> tuple[Application, ...]:
    """Return all applications of a workspace, the built-in ones first: one query."""
    added = StudioApplication.objects.filter(workspace_id=workspace_id).order_by("slug")
    return (*BUILT_IN, *map(_read, added))


def find_application(workspace_id: int, slug: str) -> Application:
    """Return an application, the first one for ''. Raises NotFoundError."""
    found = next((one for one in BUILT_IN if slug in {one.slug, ""}), None)
    if found:
        return found
    row = StudioApplication.objects.filter(workspace_id=workspace_id, slug=slug).first()
    if row is None:
        raise NotFoundError(f"There is no application {slug[:40]!r}.", hint="Choose one from the launch page.")
    return _read(row)


def add_application(actor: Actor, wanted: Application) -> Application:
    """Add an application for everybody in the workspace. Raises InvalidInputError or ConflictError."""
    check_right(actor, Right.ADMINISTER)
    add(actor.workspace_id, wanted, by=actor.name)
    return wanted


def add(workspace_id: int, wanted: Application, by: str = "assay") -> None:
    """Add an application without a permission check, for the command line."""
    checked = check_application(wanted)
    taken = ConflictError(f"There is an application {checked.slug} already.", hint="Remove it first.", path="slug")
    if any(one.slug == checked.slug for one in BUILT_IN):
        raise taken
    try:
        with transaction.atomic():
            StudioApplication.objects.create(
                workspace_id=workspace_id,
                slug=checked.slug,
                name=checked.name.strip(),
                argv=list(checked.argv),
                needs=list(checked.needs),
                strips=checked.strips,
                icon=checked.icon,
            )
            detail = {"slug": checked.slug, "argv": list(checked.argv), "needs": list(checked.needs)}
            record(EventName.APPLICATION_ADDED, workspace_id=workspace_id, actor=by, detail=detail)
    except IntegrityError as error:
        raise taken from error


def remove_application(actor: Actor, slug: str) -> None:
    """Remove an added application; servers that run it keep running. Raises NotFoundError."""
    check_right(actor, Right.ADMINISTER)
    remove(actor.workspace_id, slug, by=actor.name)


def remove(workspace_id: int, slug: str, by: str = "assay") -> None:
    """Remove an application without a permission check, for the command line."""
    with transaction.atomic():
        removed, _ = StudioApplication.objects.filter(workspace_id=workspace_id, slug=slug).delete()
        if not removed:
            raise NotFoundError("There is no such application to remove.", hint="The built-in ones stay.")
        record(EventName.APPLICATION_REMOVED, workspace_id=workspace_id, actor=by, detail={"slug": slug})


def _read(row: StudioApplication) -> Application:
    return Application(
        slug=row.slug,
        name=row.name,
        argv=tuple(row.argv),
        needs=tuple(row.needs),
        strips=row.strips,
        icon=row.icon,
    )
