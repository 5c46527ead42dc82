"""Checking out the files of a run from its git repository, in a process that the run queue follows."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from django.conf import settings

from assay.flow.paths import run_directory
from assay.launchers.interface import Start
from assay.sources.git_checkout import TIMEOUT
from assay.sources.git_repository import repository_of
from assay.store.logs import tail
from assay.store.models import Run
from assay.studio.prefix import code_path

EXTRA_SECONDS = 20  # beyond git's own time limit, for writing the files


def checkout_directory(run: Run) -> Path:
    """Return the working directory of a run's checkout process."""
    return run_directory(run.pk) / "fetch"


def fetched_commit(run: Run) -> str:
    """Return the commit whose files are checked out, '' before that."""
    commit = checkout_directory(run) / "commit"
    return commit.read_text().strip() if commit.exists() else ""


def checkout_process(run: Run) -> Start:
    """Return the process that checks out a run's files. Raises InvalidInputError for a forbidden address."""
    repository = repository_of(run.source, settings.GIT_ALLOW)
    directory, folder = run_directory(run.pk), checkout_directory(run)
    shutil.rmtree(directory, ignore_errors=True)
    folder.mkdir(parents=True)
    job = folder / "job.json"
    request = {"repository": repository.to_dict(), "target": str(directory / "source"), "entry": run.entry}
    job.write_text(json.dumps(request))
    return Start(
        argv=(sys.executable, "-m", "assay.sources.git_checkout", str(job)),
        cwd=str(folder),
        env={"PYTHONPATH": str(code_path()), "PATH": "/usr/local/bin:/usr/bin:/bin", **settings.GIT_CERTIFICATES},
        workdir=str(folder),
        seconds=TIMEOUT + EXTRA_SECONDS,
        grace=0.5,
    )


def checkout_error(run: Run) -> str:
    """Return the last lines that a failed checkout wrote."""
    return tail(checkout_directory(run) / "log", 3) or "The files could not be checked out."
