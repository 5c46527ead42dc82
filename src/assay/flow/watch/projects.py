"""IndexClient the index about the projects in use: a little at a time, each once a day."""

from __future__ import annotations

import contextlib
import time
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote

from django.utils import timezone

from assay.core.errors import UnavailableError
from assay.core.package_indexes import owning_index
from assay.core.policy.facts import Project
from assay.engine.fetching.network import Network
from assay.flow.package_indexes import indexes_in
from assay.sources.projects import ACCEPT, MAX_ANSWER, read_project
from assay.store.models import ProjectFacts, WorkspaceAssessment
from assay.store.reads.facts import libraries_in_use, project_document

EVERY = timedelta(hours=24)
BUDGET = 1.0  # seconds of one step: builds wait meanwhile


def refresh_projects() -> int:
    """Ask about those that were not asked about for a day; return how many answers there were.

    Raises UnavailableError when a source does not answer; what was answered before stays.
    """
    began, asked, changed = time.monotonic(), 0, False
    sources: dict[int, IndexClient] = {}
    for name, workspace_id in _due(timezone.now() - EVERY):
        if time.monotonic() - began > BUDGET:
            break
        source = sources.setdefault(workspace_id, IndexClient(workspace_id))
        changed |= _store(name, source.fetch(name))
        asked += 1
    if changed:
        WorkspaceAssessment.objects.all().delete()  # all are assessed again
    return asked


class IndexClient:
    """Asks the sources of a workspace, each name only where it belongs."""

    def __init__(self, workspace_id: int) -> None:
        self._sources = indexes_in(workspace_id)
        self._network = Network((self._sources.index, *self._sources.others), self._sources.credentials)

    def fetch(self, name: str) -> Project | None:
        """Return what its source tells of a project, None when that does not know it. Raises UnavailableError."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - pages that ask nothing need not load it

        source = owning_index(name, self._sources.others) or self._sources.index
        try:
            answer = self._network.open(f"{source.url.rstrip('/')}/{quote(name)}/", {"Accept": ACCEPT})
            with contextlib.closing(answer):
                content = answer.read(MAX_ANSWER + 1) if answer.status < HTTPStatus.BAD_REQUEST else b""
        except (HTTPError, OSError) as error:
            raise UnavailableError(f"The index does not answer about {name}: {error}", hint="Try later.") from error
        if answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return None
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise UnavailableError(f"The index answers {answer.status} about {name}.", hint="Try again later.")
        return read_project(name, content)


def _due(before: datetime) -> list[tuple[str, int]]:
    """Return the libraries of live versions that are to be asked about, those never asked about first."""
    known = dict(ProjectFacts.objects.values_list("name", "fetched_at"))
    due = [(name, workspace) for name, workspace in libraries_in_use() if name not in known or known[name] < before]
    return sorted(due, key=lambda one: (one[0] in known, one))


def _store(name: str, project: Project | None) -> bool:
    """Write an answer; return whether it differs from the one before. An unknown project is told as such."""
    document = project_document(project or Project(name=name, status="unknown"))
    before = ProjectFacts.objects.filter(pk=name).values_list("document", flat=True).first()
    ProjectFacts.objects.update_or_create(pk=name, defaults={"document": document, "fetched_at": timezone.now()})
    return before != document
