"""Pythons of the installation: which are offered for new environments, the default, and their installation.

They are the same for all workspaces. An administrator of any workspace may add and offer Pythons, which takes nothing
from the others. Nobody may stop offering a Python that another workspace uses; whoever runs the machine may, by
command. An offer that has ended concerns new environments only: the interpreter stays, and what uses it goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from assay.core.errors import AssayError, ConflictError, InvalidInputError, NotFoundError
from assay.core.events import AUTOMATIC, EventName
from assay.core.lifecycle import Status
from assay.core.python_support import support_ends
from assay.core.roles import Actor, Right, check_right
from assay.engine.interpreters import OLDEST, kind_of
from assay.engine.python_installations import Source, install, installable
from assay.flow.build.wakeup import wake_worker
from assay.flow.paths import (
    engine_paths,
    home,
    installed_interpreters,
    interpreters,
    is_supported,
    pythons_directory,
    pythons_folder,
)
from assay.store.audit_log import record
from assay.store.models import PythonVersion, Version, Workspace

WISH = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")
KINDS = {
    "assay": "installed by Assay",
    "folder": "folder of the settings",
    "pyenv": "pyenv",
    "uv": "uv",
    "system": "system",
    "": "not on this machine",
}


@dataclass(frozen=True, kw_only=True)
class PythonRow:
    """One Python. `version`, `path` and `kind` are '' when it is not on this machine.

    `versions` and `environments` count what is not retired, in all workspaces; `own_versions` in the actor's.
    `support_ends` is the last day of security fixes, None if unknown.
    """

    minor: str
    version: str
    path: str
    kind: str
    support_ends: date | None
    offered: bool
    is_default: bool
    versions: int
    own_versions: int
    environments: int
    state: str
    wanted: str
    detail: str

    @property
    def where(self) -> str:
        """Where it is from, in words."""
        return KINDS[self.kind]

    @property
    def installing(self) -> bool:
        """Whether its installation is queued or running."""
        return self.state in {"queued", "installing"}


def list_pythons(actor: Actor) -> list[PythonRow]:
    """Return the Pythons that are on this machine, used or being installed, newest first (three queries)."""
    check_right(actor, Right.ADMINISTER)
    return rows(actor.workspace_id)


def rows(workspace_id: int | None = None) -> list[PythonRow]:
    """Return the rows without checking a right; `own_versions` are those of the workspace."""
    stored = {one.minor: one for one in PythonVersion.objects.all()}
    used = _used()
    found, offered = installed_interpreters(), interpreters()
    default = next(iter(offered), "")
    every = sorted({*found, *stored, *used}, key=lambda one: -int(one.split(".")[1]))
    listed = []
    for minor in every:
        here, row, counts = found.get(minor), stored.get(minor), used.get(minor, {})
        listed.append(
            PythonRow(
                minor=minor,
                version=here.version if here else "",
                path=here.path if here else "",
                kind=kind_of(here, installed=pythons_directory(), folder=pythons_folder()) if here else "",
                support_ends=support_ends(minor),
                offered=minor in offered,
                is_default=minor == default,
                versions=sum(versions for versions, _ in counts.values()),
                own_versions=counts.get(workspace_id, (0, 0))[0],
                environments=sum(environments for _, environments in counts.values()),
                state=row.state if row else "",
                wanted=row.wanted if row else "",
                detail=row.detail if row else "",
            )
        )
    return listed


def _used() -> dict[str, dict[int | None, tuple[int, int]]]:
    """Return by minor version and workspace how many versions and environments, not retired, use it."""
    living = Version.objects.exclude(status=Status.RETIRED).values("python", "environment__workspace_id")
    used: dict[str, dict[int | None, tuple[int, int]]] = {}
    for row in living.annotate(versions=Count("pk"), environments=Count("environment_id", distinct=True)).order_by():
        counts = (row["versions"], row["environments"])
        used.setdefault(row["python"], {})[row["environment__workspace_id"]] = counts
    return used


def python_source() -> Source:
    """Return where Pythons are installed from, by the settings."""
    folder = pythons_folder()
    return Source(folder=folder) if folder else Source(address=str(settings.PYTHON_MIRROR))


def installable_versions() -> tuple[str, ...]:
    """Return the newest version of each minor version that can be installed and that Assay works with."""
    newest: dict[str, str] = {}
    for version in installable(python_source(), cache=engine_paths().cache):
        if is_supported(version):
            newest.setdefault(_minor(version), version)
    return tuple(newest.values())


def offer(actor: Actor | None, minor: str, *, offered: bool) -> None:
    """Offer a Python for new environments, or stop offering it. `actor` None: whoever runs the machine.

    Raises NotFoundError, ConflictError.
    """
    _check(actor)
    row = _find(minor, actor.workspace_id if actor else None)
    if offered == row.offered:
        return
    if not offered:
        _check_stop(actor, row)
    with transaction.atomic():
        PythonVersion.objects.update_or_create(minor=minor, defaults={"offered": offered})
        _record(EventName.PYTHON_OFFERED if offered else EventName.PYTHON_NOT_OFFERED, actor, minor)


def _check_stop(actor: Actor | None, row: PythonRow) -> None:
    """Raise ConflictError where new environments, or another workspace, would lose their Python."""
    if row.is_default:
        raise ConflictError(
            f"Python {row.minor} is the default for new environments.", hint="Set another Python as default first."
        )
    if actor is not None and row.versions > row.own_versions:
        raise ConflictError(
            f"Other workspaces use Python {row.minor}.",
            hint="Whoever runs this installation can stop offering it: "
            f"`assay admin pythons not-offer {row.minor}` on the server's machine.",
        )


def set_default(actor: Actor | None, minor: str) -> None:
    """Set the Python that a new environment begins with. Raises NotFoundError, ConflictError."""
    _check(actor)
    if not _find(minor).offered:
        raise ConflictError(f"Python {minor} is not offered.", hint="Offer it first.")
    with transaction.atomic():
        PythonVersion.objects.filter(is_default=True).exclude(minor=minor).update(is_default=False)
        PythonVersion.objects.update_or_create(minor=minor, defaults={"is_default": True})
        _record(EventName.PYTHON_DEFAULT, actor, minor)


def request_installation(actor: Actor, version: str) -> PythonVersion:
    """Queue the installation of a version (`3.12`, `3.12.5`), which the worker does. Raises InvalidInputError."""
    _check(actor)
    minor = _check_wish(version)
    with transaction.atomic():
        row = PythonVersion.objects.select_for_update().filter(minor=minor).first()
        if row is not None and row.installing:
            return row
        row, _ = PythonVersion.objects.update_or_create(
            minor=minor,
            defaults={
                "wanted": version,
                "state": "queued",
                "detail": "",
                "requested_by": actor.name,
                "requested_at": timezone.now(),
            },
        )
        _record(EventName.PYTHON_REQUESTED, actor, minor, version=version)
        wake_worker()
    return row


def install_next(row: PythonVersion) -> None:
    """Install what was asked for and store the outcome; the steps are shown while it runs."""

    def show(line: str) -> None:
        if line.strip():
            PythonVersion.objects.filter(pk=row.pk).update(detail=line.strip()[:2000])

    PythonVersion.objects.filter(pk=row.pk).update(state="installing")
    try:
        run_installation(row.wanted, show)
    except AssayError as error:
        _end(row, "failed", f"{error.detail} {error.hint}", EventName.PYTHON_FAILED)
    else:
        _end(row, "installed", "", EventName.PYTHON_INSTALLED)


def run_installation(version: str, show: Callable[[str], None]) -> None:
    """Install a version and check that it works. Raises InvalidInputError, UnavailableError."""
    minor = _check_wish(version)
    (home() / "tmp").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="python-", dir=home() / "tmp") as workdir:
        install(
            version,
            pythons_directory(),
            python_source(),
            cache=engine_paths().cache,
            workdir=Path(workdir),
            log_line=show,
        )
    if minor not in installed_interpreters():
        raise ConflictError(
            f"Python {version} is installed but does not start.", hint="The archive may be for another machine."
        )


def next_queued() -> PythonVersion | None:
    """Return the installation that waits longest, or one that a killed worker left; None when there is none."""
    return PythonVersion.objects.filter(state__in=("queued", "installing")).order_by("requested_at").first()


def _end(row: PythonVersion, state: str, detail: str, event: EventName) -> None:
    with transaction.atomic():
        PythonVersion.objects.filter(pk=row.pk).update(state=state, detail=detail)
        extra = {"reason": detail} if detail else {}
        _record(event, None, row.minor, version=row.wanted, **extra)


def _check(actor: Actor | None) -> None:
    if actor is not None:
        check_right(actor, Right.ADMINISTER)


def _check_wish(version: str) -> str:
    """Return the minor version of a wish. Raises InvalidInputError."""
    if not WISH.fullmatch(version):
        raise InvalidInputError(
            f"{version[:20]!r} is not a Python version.", hint="Write it as 3.12 or 3.12.5.", path="version"
        )
    if not is_supported(version):
        raise InvalidInputError(
            f"Python {version} is too old.",
            hint=f"Assay works with Python {'.'.join(map(str, OLDEST))} and newer.",
            path="version",
        )
    return _minor(version)


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _find(minor: str, workspace_id: int | None = None) -> PythonRow:
    found = next((one for one in rows(workspace_id) if one.minor == minor and one.version), None)
    if found is None:
        raise NotFoundError(f"Python {minor[:8]} is not on this machine.", hint="Install it first.")
    return found


def _record(event: EventName, actor: Actor | None, minor: str, **detail: str) -> None:
    """Record an event in the audit log of every workspace: each of them has these Pythons."""
    name = actor.name if actor else AUTOMATIC
    for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True):
        record(event, workspace_id=workspace_id, actor=name, detail={"python": minor, **detail})
