"""Before a run whose files lie in a repository: a process of its own gets them, followed as the run is."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from django.conf import settings

from assay.flow.paths import run_directory
from assay.launchers.interface import Start
from assay.sources.git_checkout import SECONDS
from assay.sources.git_repository import repository_of
from assay.store.logs import tail
from assay.store.models import Run
from assay.studio.prefix import code_path

SLACK = 20  # seconds beyond git's own, for laying out


def folder_of(run: Run) -> Path:
    """Return the directory of the process that gets a run's files."""
    return run_directory(run.pk) / "fetch"


def fetched(run: Run) -> str:
    """Return the commit whose files lie there, '' as long as none do."""
    commit = folder_of(run) / "commit"
    return commit.read_text().strip() if commit.exists() else ""


def start_of_fetch(run: Run) -> Start:
    """Return the process that gets a run's files. Raises InvalidInputError for an address no longer allowed."""
    repository = repository_of(run.source, settings.GIT_ALLOW)
    directory, folder = run_directory(run.pk), folder_of(run)
    shutil.rmtree(directory, ignore_errors=True)
    folder.mkdir(parents=True)
    job = folder / "job.json"
    asked = {"repository": repository.to_dict(), "target": str(directory / "source"), "entry": run.entry}
    job.write_text(json.dumps(asked))
    return Start(
        argv=(sys.executable, "-m", "assay.sources.git_checkout", str(job)),
        cwd=str(folder),
        env={"PYTHONPATH": str(code_path()), "PATH": "/usr/local/bin:/usr/bin:/bin", **settings.GIT_CERTIFICATES},
        workdir=str(folder),
        seconds=SECONDS + SLACK,
        grace=0.5,
    )


def why_not(run: Run) -> str:
    """Return the last words of the process that should have got the files."""
    return tail(folder_of(run) / "log", 3) or "The files could not be had."
