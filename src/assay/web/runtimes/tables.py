"""The tables of Runtimes: own projects, projects shared by others, the runs of a project, and apps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, QuerySet

from assay.store.models import Run, Runtime
from assay.store.reads.keyset import read_page
from assay.store.reads.ordering import Columns
from assay.web.access import Visit
from assay.web.tables import Column, ListTable, QueryTable

PAGE = 50
RUNS = 15  # of one page


@dataclass(frozen=True, kw_only=True)
class ProjectLine:
    """A project of the visitor. `runs` are its last ones, oldest first; `proposed` a version to change to, or ''.

    `notice` says that its version is deprecated or retired, '' for neither.
    """

    project: Runtime
    runs: tuple[Run, ...]
    proposed: str
    notice: str = ""


PROJECTS: tuple[Column[ProjectLine], ...] = (
    Column(name="project", label="Project", value=lambda row: row.project.title),
    Column(name="slug", label="Short name", value=lambda row: row.project.slug, shown=False),
    Column(name="kind", label="Kind", value=lambda row: row.project.kind),
    Column(name="environment", label="Environment", value=lambda row: row.project.environment),
    Column(name="newer", label="Newer version", value=lambda row: row.proposed, shown=False),
    Column(name="notice", label="Notice", value=lambda row: row.notice, shown=False),
    Column(name="next_run", label="Next run", value=lambda row: row.project.next_at),
    Column(name="last_run", label="Last runs", value=lambda row: row.runs[-1].created_at if row.runs else None),
    Column(name="state", label="State", value=lambda row: row.runs[-1].state if row.runs else "", shown=False),
)

SHARED: tuple[Column[Runtime], ...] = (
    Column(name="project", label="Project", value=lambda row: row.title),
    Column(name="slug", label="Short name", value=lambda row: row.slug, shown=False),
    Column(name="kind", label="Kind", value=lambda row: row.kind),
    Column(name="environment", label="Environment", value=lambda row: row.environment),
    Column(name="owner", label="Owner", value=lambda row: row.owner.get_username()),
)

APPS: tuple[Column[Runtime], ...] = (
    Column(name="app", label="App", value=lambda row: row.title),
    Column(name="owner", label="Owner", value=lambda row: row.owner.get_username()),
    Column(
        name="version",
        label="Version",
        value=lambda row: row.serving_run.version.reference if row.serving_run else "",
    ),
    Column(name="state", label="State", value=lambda row: "ready" if row.serving_run else "stopped"),
)

RUN_COLUMNS: tuple[Column[Run], ...] = (
    Column(name="started", label="Started", value=lambda row: row.created_at),
    Column(name="id", label="ID", value=lambda row: str(row.pk), shown=False, sorts=False),
    Column(name="state", label="State", value=lambda row: row.state),
    Column(name="user", label="User", value=lambda row: row.person.get_username(), shown=False),
    Column(name="version", label="Version", value=lambda row: row.version.reference),
    Column(name="lock", label="Lock", value=lambda row: row.digest, sorts=False),
    Column(name="exit_code", label="Exit code", value=lambda row: row.exit_code, number=True),
    Column(name="seconds", label="Duration", value=lambda row: row.seconds, number=True),
    Column(name="peak_memory", label="Peak memory", value=lambda row: row.peak_memory, number=True),
)
RUN_ORDERS: Columns = {
    "started": F("created_at"),
    "state": F("state"),
    "user": F("person__username"),
    "version": F("version__number"),
    "exit_code": F("exit_code"),
    "seconds": F("seconds"),
    "peak_memory": F("peak_memory"),
}


def runs_table(request: Visit, project: Runtime, runs: QuerySet[Run]) -> QueryTable[Run]:
    """Return the table of a project's runs, newest first unless the query string sorts them."""
    found = runs.select_related("version__environment", "person").defer("source")
    return QueryTable(
        request,
        RUN_COLUMNS,
        name=f"{project.slug}-runs",
        default="-started",
        size=RUNS,
        reads=lambda order, limit, cursor: read_page(found, RUN_ORDERS, order, limit=limit, cursor=cursor),
    )


def projects_table(request: Visit, lines: Iterable[ProjectLine]) -> ListTable[ProjectLine]:
    """Return the table of the visitor's projects that match the filter text."""
    found = [one for one in lines if fits(request, one.project)]
    return ListTable(request, PROJECTS, name="projects", size=PAGE, rows=found)


def shared_table(request: Visit, projects: Iterable[Runtime]) -> ListTable[Runtime]:
    """Return the table of projects that others share and that match the filter text."""
    found = [one for one in projects if fits(request, one)]
    return ListTable(request, SHARED, name="shared-projects", size=PAGE, prefix="shared-", rows=found)


def apps_table(request: Visit, apps: Iterable[Runtime]) -> ListTable[Runtime]:
    """Return the table of apps that match the filter text."""
    return ListTable(request, APPS, name="apps", size=PAGE, rows=[one for one in apps if fits(request, one)])


def words_of(request: Visit) -> str:
    """Return the filter text of a table of projects, from the query string."""
    return request.GET.get("text", "").strip()[:100]


def fits(request: Visit, project: Runtime) -> bool:
    """Return whether the title, short name, environment or owner of a project contains the filter text."""
    text = words_of(request).casefold()
    named = (project.title, project.slug, project.environment, project.owner.get_username())
    return not text or any(text in one.casefold() for one in named)
