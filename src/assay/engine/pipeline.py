"""From a lock to a sealed directory: install, verify, check, seal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from assay.core.format_bytes import format_bytes
from assay.core.lock import Lock
from assay.core.report import Check, Report
from assay.engine import uv
from assay.engine.checking.check import check
from assay.engine.checking.dependency_confusion import dependency_confusion
from assay.engine.checking.verify import Found, facts_of, verify
from assay.engine.garbage_collection import remove_damaged
from assay.engine.installing.install import Installation, Installed
from assay.engine.installing.integrity import is_damaged
from assay.engine.installing.seal import seal
from assay.engine.interface import Job
from assay.engine.interpreters import find_base
from assay.engine.layout import remove_tree
from assay.engine.progress import Reporter
from assay.engine.sandbox import isolation


def finish(job: Job, lock: Lock, workdir: Path, aside: Path, reporter: Reporter) -> tuple[Lock, dict[str, Any], bool]:
    """Return the lock with its edges, the report, and whether the directory is new. Raises BuildError."""
    reporter.begin("installing", total=len(lock.libraries), bytes_total=lock.download_size)
    with ThreadPoolExecutor(1) as pool:
        two_sources = pool.submit(dependency_confusion, lock, job)
        installed = _install(job, lock, workdir, aside, reporter)
    reporter.begin("checking", message="Trying every import, and the kernel")
    asked = job.request.libraries + job.request.pins
    found = verify(lock, installed.wheels, asked, Path(job.paths.wheels))
    report = _check(job, aside, reporter, installed, found, two_sources.result())
    return found.lock, report, seal(aside, job.paths, found.lock, report, replace=job.repair)


def _install(job: Job, lock: Lock, workdir: Path, aside: Path, reporter: Reporter) -> Installed:
    remove_tree(aside)
    if job.repair:
        for name in remove_damaged(job.paths, lock, is_damaged):
            reporter.log(f"What was kept of {name} is damaged; it is fetched again.")
    installation = Installation(
        lock,
        aside,
        job,
        workdir=workdir,
        log_line=reporter.log,
        on_progress=reporter.update,
    )
    wheels = installation.keep()
    installed = installation.link(wheels)
    reporter.log(
        f"Linked {len(installed.wheels):,} libraries, {installed.files:,} files, {format_bytes(installed.size)}"
    )
    return installed


def _check(
    job: Job, aside: Path, reporter: Reporter, installed: Installed, found: Found, two_sources: Check
) -> dict[str, Any]:
    request = job.request
    kind = isolation.isolation()
    reporter.log(f"Checking with isolation: {kind}")
    if kind == "none":
        reporter.log("WARNING: no sandbox works on this machine; package code runs with the build's rights.")
    checked = check(job, aside, find_base(request.python_path), installed.wheels)
    for fact in checked.imports:
        if fact.error:
            reporter.log(f"import {fact.module} ({fact.library}): {fact.error}")
    for one in checked.checks:
        reporter.log(f"{one.name}: {one.state}, {one.detail}")
    report = Report(
        python=request.python,
        python_path=request.python_path,
        size=installed.size,
        files=installed.files,
        new_size=installed.new_size,
        isolation=kind,
        tree=installed.tree,
        libraries=found.libraries,
        imports=checked.imports,
        checks=(*facts_of(installed, found), two_sources, *checked.checks),
        uv=uv.version(),
    )
    return report.to_dict()
