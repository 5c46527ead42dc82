"""Query the index for the metadata of the projects in use, in small batches, each project once a day."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote

from django.utils import timezone

from assay.core.errors import UnavailableError
from assay.core.lifecycle import Status
from assay.core.policy.facts import Project
from assay.flow.package_indexes import indexes_in
from assay.sources.projects import ACCEPT, MAX_RESPONSE, read_project
from assay.store.models import Assessment, ProjectFacts, WorkspaceAssessment
from assay.store.reads.facts import libraries_in_use, project_document

EVERY = timedelta(hours=24)
PARALLEL = 8  # requests at a time
BUDGET = 1.0  # seconds per step; builds wait meanwhile
ASSESS_SECONDS = 900.0  # after which changes are assessed though more projects are due


class ProjectRefresh:
    """Queries the projects in some steps, and lets all versions be assessed again when the metadata has changed.

    That is once all are queried, since every version is looked at, and at the latest after `ASSESS_SECONDS`. What an
    earlier process had queried may not have been assessed.
    """

    def __init__(self) -> None:
        self._changed = True
        self._assessed_at = time.monotonic()

    def step(self) -> int:
        """Query projects that were not queried for a day; return how many were queried.

        Raises UnavailableError when an index does not respond; metadata stored before stays.
        """
        due = _due(timezone.now() - EVERY)
        if not due:
            return 0
        queried, complete = 0, True
        try:
            for name, project in _fetch(due):
                self._changed |= _store(name, project)
                queried += 1
            complete = queried == len(due)
        finally:
            if self._changed and (complete or time.monotonic() - self._assessed_at > ASSESS_SECONDS):
                _assess_again()
                self._changed, self._assessed_at = False, time.monotonic()
        return queried


def _fetch(due: list[tuple[str, int]]) -> Iterator[tuple[str, Project | None]]:
    """Yield the metadata of projects until `BUDGET` is over."""
    clients = {workspace_id: IndexClient(workspace_id) for workspace_id in {one for _, one in due}}
    began = time.monotonic()
    with ThreadPoolExecutor(PARALLEL) as pool:
        for start in range(0, len(due), PARALLEL):
            if time.monotonic() - began > BUDGET:
                return
            names = [(name, clients[workspace_id]) for name, workspace_id in due[start : start + PARALLEL]]
            answers = list(pool.map(lambda one: one[1].fetch(one[0]), names))
            yield from zip((name for name, _ in names), answers, strict=True)


def _assess_again() -> None:
    """Let every workspace be assessed again, drafts and submissions included."""
    WorkspaceAssessment.objects.all().delete()
    Assessment.objects.filter(version__status__in=[Status.DRAFT, Status.PENDING]).delete()


class IndexClient:
    """A client of the indexes of a workspace; it queries each name only at the index that owns it."""

    def __init__(self, workspace_id: int) -> None:
        self._sources = indexes_in(workspace_id)
        self._network = self._sources.network()

    def fetch(self, name: str) -> Project | None:
        """Return the metadata of a project, None when its index does not know it. Raises UnavailableError."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - slow import, needed only here

        source = self._sources.owner_of(name)
        try:
            response = self._network.open(f"{source.url.rstrip('/')}/{quote(name)}/", {"Accept": ACCEPT})
            with contextlib.closing(response):
                content = response.read(MAX_RESPONSE + 1) if response.status < HTTPStatus.BAD_REQUEST else b""
        except (HTTPError, OSError) as error:
            raise UnavailableError(f"The index does not respond for {name}: {error}", hint="Try later.") from error
        if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise UnavailableError(
                f"The index responded with status {response.status} for {name}.", hint="Try again later."
            )
        return read_project(name, content)


def _due(before: datetime) -> list[tuple[str, int]]:
    """Return the libraries of live versions that are due for a query, those never queried first."""
    known = dict(ProjectFacts.objects.values_list("name", "fetched_at"))
    due = [(name, workspace) for name, workspace in libraries_in_use() if name not in known or known[name] < before]
    return sorted(due, key=lambda one: (one[0] in known, one))


def _store(name: str, project: Project | None) -> bool:
    """Store a project's metadata, None as status "unknown"; return whether it changed."""
    document = project_document(project or Project(name=name, status="unknown"))
    before = ProjectFacts.objects.filter(pk=name).values_list("document", flat=True).first()
    ProjectFacts.objects.update_or_create(pk=name, defaults={"document": document, "fetched_at": timezone.now()})
    return before != document
