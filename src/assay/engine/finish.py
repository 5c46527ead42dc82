"""From a lock to a sealed directory: install, verify, check, seal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.lock import Lock
from assay.core.report import Check, Report
from assay.engine import sandbox, uv
from assay.engine.check import check
from assay.engine.confusion import names_on_two_sources
from assay.engine.hold import drop_damaged
from assay.engine.install import Installation, Installed
from assay.engine.interpreters import find_base
from assay.engine.layout import remove_tree
from assay.engine.rehash import is_damaged
from assay.engine.seal import seal
from assay.engine.verify import Found, facts_of, verify

if TYPE_CHECKING:
    from assay.engine.build import Build


def finish(build: Build, lock: Lock) -> tuple[Lock, dict[str, Any], bool]:
    """Return the lock with its edges, the report, and whether the directory is new. Raises BuildError."""
    job = build.job
    build.begin("installing", total=len(lock.libraries), bytes_total=lock.download_size)
    with ThreadPoolExecutor(1) as pool:
        two_sources = pool.submit(names_on_two_sources, lock, job)
        installed = _install(build, lock)
    build.begin("checking", message="Trying every import, and the kernel")
    asked = job.question.libraries + job.question.pins
    found = verify(lock, installed.wheels, asked, Path(job.places.wheels))
    report = _check(build, installed, found, two_sources.result())
    return found.lock, report, seal(build.aside, job.places, found.lock, report, replace=job.repair)


def _install(build: Build, lock: Lock) -> Installed:
    job = build.job
    remove_tree(build.aside)
    if job.repair:
        for name in drop_damaged(job.places, lock, is_damaged):
            build.say(f"What was kept of {name} is damaged; it is fetched again.")
    installation = Installation(
        lock,
        build.aside,
        job,
        workdir=build.workdir,
        on_line=build.say,
        on_progress=build.tell,
    )
    wheels = installation.keep()
    installed = installation.link(wheels)
    build.say(f"Linked {len(installed.wheels)} libraries, {installed.files} files, {installed.size} bytes")
    return installed


def _check(build: Build, installed: Installed, found: Found, two_sources: Check) -> dict[str, Any]:
    question = build.job.question
    kind = sandbox.isolation()
    build.say(f"Checking with isolation: {kind}")
    if kind == "none":
        build.say("WARNING: no sandbox works on this machine; package code runs with the build's rights.")
    checked = check(build.job, build.aside, find_base(question.python_path), installed.wheels)
    for fact in checked.imports:
        if fact.error:
            build.say(f"import {fact.module} ({fact.library}): {fact.error}")
    for one in checked.checks:
        build.say(f"{one.name}: {one.state}, {one.detail}")
    report = Report(
        python=question.python,
        python_path=question.python_path,
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
