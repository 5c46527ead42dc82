"""Projects and runs for tests: a published version whose Python is real, and the queue worked through here."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

from assay.core.lock import Lock
from assay.core.roles import Actor
from assay.flow.paths import prefix
from assay.flow.review.review import approve, submit
from assay.runtimes import projects, run_queue
from assay.runtimes.run_settings import ProjectSpec
from assay.store.models import Run, Runtime, Version
from support.people import built, draft, lock_of


def published(actor: Actor, reviewer: Actor, slug: str, *, lock: Lock | None = None) -> Version:
    """Publish a version of one library, in which the tests' own Python runs."""
    lock = lock or lock_of({"six": "1.17.0", slug: "1.0"})
    number = draft(actor, slug).number
    version = built(actor, slug, number, lock)
    really_python(lock.digest)
    submit(actor, slug, number, "")
    return approve(reviewer, slug, number, digest=version.digest)


def really_python(digest: str) -> None:
    """Let the environment's interpreter be the one that runs the tests."""
    python = prefix(digest) / "bin" / "python"
    python.unlink()
    python.symlink_to(sys.executable)


def project(actor: Actor, slug: str, code: str, *, environment: str = "lab", **parts: Any) -> Runtime:  # noqa: ANN401 - parts of a spec
    """Set up a script."""
    source = {"kind": "inline", "files": {"main.py": code}}
    return projects.create(actor, slug, ProjectSpec(environment=environment, source=source, **parts))


def work_until_ended(runs: Iterable[Run], seconds: float = 30.0) -> int:
    """Be the worker until these runs have ended; return how many ran at once at most."""
    waiting = [run.pk for run in runs]
    deadline, most = time.monotonic() + seconds, 0
    while Run.objects.filter(pk__in=waiting, state__in=("queued", "running")).exists():
        assert time.monotonic() < deadline, list(Run.objects.values_list("state", "message"))
        run_queue.advance()
        most = max(most, Run.objects.filter(state="running").count())
        time.sleep(0.01)
    return most


def ended(run: Run) -> Run:
    """Work until a run has ended, and return it as it is then."""
    work_until_ended([run])
    run.refresh_from_db()
    return run
