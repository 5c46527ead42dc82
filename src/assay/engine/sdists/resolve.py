"""From a job's question to a lock; what has no wheel gets one from its source, where that is allowed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import ResolutionError
from assay.core.lock import Lock, LockedLibrary
from assay.engine.interface import Job, Question
from assay.engine.resolving.index_routing import source_of
from assay.engine.resolving.uv import resolve
from assay.engine.resolving.uv_errors import without_wheel

if TYPE_CHECKING:
    from assay.engine.sdists.build_wheel import Source

Installer = Callable[[Question, Path], None]  # resolves and installs the libraries of a request into a prefix
MOST_SOURCES = 20  # libraries of one environment that are built from their sources


def resolve_with_sources(job: Job, workdir: Path, say: Callable[[str], None], install: Installer) -> Lock:
    """Resolve; a library that has no wheel is built from its source first, if the question allows it."""
    folder = workdir / "from-source"
    sources: dict[str, Source] = {}
    for _ in range(MOST_SOURCES):
        try:
            offered = str(folder) if sources else ""
            lock = resolve(
                job.question,
                cache=job.places.cache,
                workdir=str(workdir),
                on_line=say,
                wheels=offered,
                credentials=job.credentials,
            )
        except ResolutionError as error:
            name = without_wheel(error.detail)
            if not job.question.allow_sources or name is None or name in sources:
                raise
            sources[name] = _make(name, job, workdir, folder, say, install)
        else:
            return replace(lock, libraries=tuple(_from(sources, one, job.question) for one in lock.libraries))
    raise ResolutionError(
        f"More than {MOST_SOURCES} libraries have no wheel.", hint="Ask for others.", path="libraries"
    )


def _make(name: str, job: Job, workdir: Path, folder: Path, say: Callable[[str], None], install: Installer) -> Source:
    """Build a wheel of a library's source into a folder."""
    from assay.engine.sdists.build_wheel import offered_source, wheel_from_source  # noqa: PLC0415 - most builds need none

    source = offered_source(name, job.question, job.credentials)
    made = wheel_from_source(source.file, job, workdir, install, say)
    folder.mkdir(exist_ok=True)
    shutil.copy2(made, folder / made.name)
    return source


def _from(sources: dict[str, Source], library: LockedLibrary, question: Question) -> LockedLibrary:
    """Return the library with the file that it is really from."""
    source = sources.get(library.name)
    if source is None or source.version != library.version:
        return library
    return replace(library, file=source.file, index=source_of(library.name, question).url)
