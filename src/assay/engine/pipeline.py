"""The stages after resolving: install the lock, verify and check the directory, seal it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from assay.core.formatting import format_bytes, plural
from assay.core.lock import Lock
from assay.core.report import Check, Report
from assay.engine.checking.check import Checked, check
from assay.engine.checking.dependency_confusion import dependency_confusion
from assay.engine.checking.verify import FileFacts, file_checks, file_facts, verify
from assay.engine.garbage_collection import remove_damaged
from assay.engine.installing.integrity import is_damaged
from assay.engine.installing.seal import seal
from assay.engine.interface import Engine, Installed, Job
from assay.engine.progress import Reporter
from assay.engine.sandbox import isolation


def finish(
    engine: Engine, job: Job, lock: Lock, workdir: Path, prefix: Path, reporter: Reporter
) -> tuple[Lock, dict[str, Any], bool]:
    """Return the lock with its dependency edges, the report, and whether the directory is new. Raises BuildError."""
    reporter.begin("installing", total=len(lock.libraries), bytes_total=lock.download_size)
    with ThreadPoolExecutor(2) as pool:
        confusion = pool.submit(dependency_confusion, lock, job)
        installed = _install(engine, job, lock, workdir, prefix, reporter)
        reporter.begin("checking", message="Importing every module and starting the kernel")
        complete = verify(lock, installed.wheels, job.request.libraries + job.request.pins)
        checking = pool.submit(check, job, prefix, complete, installed.wheels)
        facts = file_facts(complete, installed.wheels, Path(job.paths.wheels))
    before = (*file_checks(complete, facts), confusion.result())
    report = _report(engine, job, reporter, installed, facts, before, checking.result())
    return complete, report, seal(prefix, job.paths, complete, report, replace=job.repair)


def _install(engine: Engine, job: Job, lock: Lock, workdir: Path, prefix: Path, reporter: Reporter) -> Installed:
    if job.repair:
        for name in remove_damaged(job.paths, lock, is_damaged):
            reporter.log(f"The stored files of {name} are damaged; fetching it again.")
    installer = engine.installer(
        lock, prefix, job, workdir=workdir, log_line=reporter.log, on_progress=reporter.update
    )
    installed = installer.link(installer.fetch())
    size = format_bytes(installed.size)
    libraries, files = plural(len(installed.wheels), "library"), plural(installed.files, "file")
    reporter.log(f"Linked {libraries}, {files}, {size}")
    return installed


def _report(
    engine: Engine,
    job: Job,
    reporter: Reporter,
    installed: Installed,
    facts: FileFacts,
    before: tuple[Check, ...],
    checked: Checked,
) -> dict[str, Any]:
    """Log the results of the checks and return the report; `before` are the checks that run no package code."""
    request = job.request
    kind = isolation.isolation()
    reporter.log(f"Checked with isolation: {kind}")
    if kind == "none":
        reporter.log("WARNING: no sandbox works on this machine; package code runs with the rights of the build.")
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
        libraries=facts.libraries,
        imports=checked.imports,
        checks=(*before, *checked.checks),
        startup_files=facts.startup_files,
        file_conflicts=facts.file_conflicts,
        record_mismatches=facts.record_mismatches,
        uv=engine.version(),
    )
    return report.to_dict()
