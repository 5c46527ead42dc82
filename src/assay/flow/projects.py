"""Asking the index about the projects in use: a little at a time, each once a day."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone

from assay.core.facts import Project
from assay.flow.places import index
from assay.sources.projects import ask_project
from assay.store.models import ProjectFacts, Watch
from assay.store.reads.facts import libraries_in_use, project_document

EVERY = timedelta(hours=24)
BUDGET = 1.0  # seconds of one step: builds wait meanwhile


def refresh_projects() -> int:
    """Ask about those that were not asked about for a day; return how many answers there were.

    Raises UnavailableError when the index does not answer; what was answered before stays.
    """
    began, asked, changed = time.monotonic(), 0, False
    for name in _due(timezone.now() - EVERY):
        if time.monotonic() - began > BUDGET:
            break
        changed |= _keep(name, ask_project(index().url, name))
        asked += 1
    if changed:
        Watch.objects.all().delete()  # the watch looks at everything again
    return asked


def _due(before: datetime) -> list[str]:
    """Return the libraries of live versions that are to be asked about, those never asked about first."""
    known = dict(ProjectFacts.objects.values_list("name", "asked_at"))
    due = [name for name in libraries_in_use() if name not in known or known[name] < before]
    return sorted(due, key=lambda name: (name in known, name))


def _keep(name: str, project: Project | None) -> bool:
    """Write an answer; return whether it differs from the one before. An unknown project is told as such."""
    document = project_document(project or Project(name=name, status="unknown"))
    before = ProjectFacts.objects.filter(pk=name).values_list("document", flat=True).first()
    ProjectFacts.objects.update_or_create(pk=name, defaults={"document": document, "asked_at": timezone.now()})
    return before != document
