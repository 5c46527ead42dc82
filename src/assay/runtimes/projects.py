"""Projects: what runs, in which environment."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from django.db import IntegrityError, transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError, NotFoundError
from assay.core.events import EventName
from assay.core.lifecycle import Health, Status, Use, check_use
from assay.core.roles import Actor, Right, check_right
from assay.core.spec import check_slug
from assay.flow.access import find_reference
from assay.flow.draft import check_title
from assay.store.journal import record
from assay.store.models import Runtime

MAX_FILES = 100
MAX_SOURCE = 2 * 1024 * 1024  # characters of all files of a source
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. /-]{0,199}")
LONGEST = 7 * 24 * 3600  # seconds that a run may be given


def create(
    actor: Actor,
    *,
    slug: str,
    title: str,
    kind: str,
    environment: str,
    files: dict[str, str],
    source_kind: str = "inline",
    entry: str = "main.py",
    limits: dict[str, float] | None = None,
) -> Runtime:
    """Set up a script that runs in a published version: `name` (the newest) or `name@number`."""
    check_right(actor, Right.COMPOSE)
    check_slug(slug)
    if kind != "script" or source_kind != "inline":
        raise InvalidInputError(
            f"{kind!r} from {source_kind!r} cannot be run yet.",
            hint="Set up a script with its files inline.",
            path="kind",
        )
    check_source(files, entry)
    check_limits(limits or {})
    version = find_reference(actor, environment)
    check_use(Status(version.status), Health(version.health), Use.RUNTIME)
    now = timezone.now()
    try:
        with transaction.atomic():
            runtime = Runtime.objects.create(
                workspace_id=actor.workspace_id,
                slug=slug,
                title=check_title(title or slug),
                kind=kind,
                owner_id=actor.id,
                environment=environment,
                source={"kind": "inline", "files": files},
                entry=entry,
                limits=limits or {},
                created_at=now,
                updated_at=now,
            )
            record(
                EventName.RUNTIME_CREATED,
                workspace_id=actor.workspace_id,
                actor=actor.name,
                detail={"runtime": slug, "environment": environment},
            )
    except IntegrityError as error:
        raise ConflictError(f"The short name {slug!r} is taken.", hint="Choose another one.", path="slug") from error
    return runtime


def change_source(actor: Actor, slug: str, *, files: dict[str, str], environment: str) -> Runtime:
    """Replace the files and the environment of one's own runtime; runs keep what they ran."""
    runtime = find(actor, slug)
    check_right(actor, Right.COMPOSE)
    check_source(files, runtime.entry)
    version = find_reference(actor, environment)
    check_use(Status(version.status), Health(version.health), Use.RUNTIME)
    with transaction.atomic():
        runtime.source = {"kind": "inline", "files": files}
        runtime.environment = environment
        runtime.updated_at = timezone.now()
        runtime.save()
        record(
            EventName.RUNTIME_CHANGED,
            workspace_id=actor.workspace_id,
            actor=actor.name,
            detail={"runtime": slug, "environment": environment},
        )
    return runtime


def check_source(files: dict[str, str], entry: str) -> None:
    """Raise InvalidInputError unless the files are few, small, and stay in their folder (case 17)."""
    if entry not in files:
        raise InvalidInputError(
            f"There is no {entry!r} among the files.", hint="Name the file that is started.", path="entry"
        )
    if len(files) > MAX_FILES or sum(map(len, files.values())) > MAX_SOURCE:
        raise InvalidInputError(
            f"At most {MAX_FILES} files with {MAX_SOURCE} characters.", hint="Send less.", path="source"
        )
    for name in files:
        if not FILE_NAME.fullmatch(name) or ".." in PurePosixPath(name).parts:
            raise InvalidInputError(
                f"{name[:60]!r} is not a file name.", hint="Use letters, digits, . _ - and /.", path="source"
            )


def check_limits(limits: dict[str, float]) -> None:
    """Raise InvalidInputError unless the limits are `seconds` and `memory` (bytes) within reason."""
    unknown = set(limits) - {"seconds", "memory"}
    seconds = limits.get("seconds", 1)
    if unknown or not 0 < seconds <= LONGEST or limits.get("memory", 1) <= 0:
        raise InvalidInputError(
            "Limits are `seconds` (up to a week) and `memory` (bytes).", hint="Correct them.", path="limits"
        )


def mine(actor: Actor) -> list[Runtime]:
    """Return one's own runtimes, the last changed first."""
    return list(
        Runtime.objects.filter(workspace_id=actor.workspace_id, owner_id=actor.id)
        .select_related("owner")
        .prefetch_related("runs")
        .order_by("-updated_at")
    )


def find(actor: Actor, slug: str) -> Runtime:
    """Return one's own runtime. Raises NotFoundError."""
    runtime = (
        Runtime.objects.filter(workspace_id=actor.workspace_id, owner_id=actor.id, slug=slug)
        .select_related("owner")
        .first()
    )
    if runtime is None:
        raise NotFoundError(f"You have no runtime {slug[:40]!r}.", hint="Check the name.")
    return runtime
