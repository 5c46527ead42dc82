"""What a new environment starts from: a template, an environment, a project, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assay.core.intake.combine import ReadFile
from assay.core.roles import Actor
from assay.flow.access import find_reference
from assay.flow.paths import interpreters
from assay.runtimes import projects
from assay.runtimes.dependency_files import read_project
from assay.store.reads.templates import MOST, templates
from assay.web.access import Visit

MOST_PROJECTS = 100  # offered, last changed first


@dataclass(frozen=True, kw_only=True)
class Start:
    """The values that the fields of the form start with, and where they come from ('' for nowhere)."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    libraries: int = 0
    files: tuple[ReadFile, ...] = ()


def start_of(request: Visit) -> Start:
    """Return what the address asks to start from. Raises AssayError where it cannot be read."""
    given = request.GET
    if given.get("from"):
        return _from_environment(request.actor, given["from"])
    if given.get("project"):
        return _from_project(request.actor, given["project"])
    return Start(values={"base": given.get("base", ""), "python": _newest_python()})


def _newest_python() -> str:
    return next(iter(interpreters()), "")


def _from_environment(actor: Actor, reference: str) -> Start:
    """Copy the spec of a version; its title and name are the author's to choose."""
    version = find_reference(actor, reference, path="from")
    spec = version.parsed_spec
    values = {
        "base": spec.base or "",
        "python": spec.python or _newest_python(),
        "libraries": "\n".join(spec.libraries),
        "constraints": "\n".join(spec.constraints),
        "only_binary": spec.only_binary,
    }
    return Start(values=values, origin=version.reference, libraries=len(spec.libraries))


def _from_project(actor: Actor, slug: str) -> Start:
    found = read_project(actor, slug)
    combined = found.intake.combined
    values = {
        "python": found.intake.python or _newest_python(),
        "libraries": "\n".join(combined.libraries),
        "constraints": "\n".join(combined.constraints),
    }
    origin = f"{', '.join(found.names)} of {found.title}"
    return Start(values=values, origin=origin, libraries=len(combined.libraries), files=tuple(combined.files))


def offered(actor: Actor) -> dict[str, Any]:
    """Return what the page offers to start from: two queries."""
    found = templates(actor)
    return {
        "templates": found[:MOST],
        "more_templates": len(found) > MOST,
        "projects": projects.list_own(actor)[:MOST_PROJECTS],
    }
