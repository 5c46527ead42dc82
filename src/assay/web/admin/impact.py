"""The impact of ending a version, as the pages show it that end one: people and projects in tables that export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from assay.core.errors import AssayError
from assay.flow.maintenance.impact import IMPACT, Impact
from assay.store.reads.impact import PersonImpact, ProjectImpact
from assay.web.access import Visit
from assay.web.tables import Column, ListTable, Table

SIZE = 10  # rows on a page


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """Somebody who launched the version: the last day, and how many of the projects are theirs."""

    name: str
    last: Any
    projects: int


PEOPLE = (
    Column[PersonRow](name="name", label="Name", value=lambda row: row.name),
    Column[PersonRow](name="last", label="Last launch", value=lambda row: row.last),
    Column[PersonRow](name="projects", label="Own projects", value=lambda row: row.projects, number=True),
)
PROJECTS = (
    Column[ProjectImpact](name="project", label="Project", value=lambda row: row.slug),
    Column[ProjectImpact](name="kind", label="Kind", value=lambda row: row.kind),
    Column[ProjectImpact](name="owner", label="Owner", value=lambda row: row.owner),
    Column[ProjectImpact](name="schedule", label="Schedule", value=lambda row: row.schedule),
    Column[ProjectImpact](
        name="version", label="Version", value=lambda row: "pinned" if row.pinned else "active version"
    ),
)


def impact_tables(request: Visit, found: Impact) -> dict[str, Table[Any]]:
    """Return the tables of the people and of the projects, each with an export."""
    owned = Counter(one.owner for one in found.projects)
    return {
        "people": ListTable[PersonRow](
            request,
            PEOPLE,
            name="people",
            prefix="people-",
            size=SIZE,
            rows=[_row(one, owned) for one in found.people],
        ),
        "projects": ListTable[ProjectImpact](
            request, PROJECTS, name="projects", prefix="projects-", size=SIZE, rows=found.projects
        ),
    }


def _row(person: PersonImpact, owned: Counter[str]) -> PersonRow:
    return PersonRow(name=person.name, last=person.last, projects=owned[person.name])


def impact_context(found: Impact, tables: dict[str, Table[Any]], error: AssayError | None) -> dict[str, Any]:
    """Return what components/impact.html gets, and whether the shown impact is another one than before."""
    return {
        "impact": found,
        "tables": tables,
        "error": error,
        "impact_changed": error is not None and error.path == IMPACT,
    }
