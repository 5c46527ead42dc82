"""From a job's request to a lock; what has no wheel gets one from its source, where that is allowed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import ResolutionError
from assay.core.lock import Lock, LockedLibrary
from assay.engine.interface import Job, ResolveRequest
from assay.engine.resolving.index_routing import index_of
from assay.engine.resolving.uv import resolve
from assay.engine.resolving.uv_errors import without_wheel

if TYPE_CHECKING:
    from assay.engine.sdists.build_wheel import Source

Installer = Callable[[ResolveRequest, Path], None]  # resolves and installs the libraries of a request into a prefix
MOST_SOURCES = 20  # libraries of one environment that are built from their sources


def resolve_with_sources(job: Job, workdir: Path, log: Callable[[str], None], install: Installer) -> Lock:
    """Resolve; a library that has no wheel is built from its source first, if the request allows it."""
    folder = workdir / "from-source"
    sources: dict[str, Source] = {}
    for _ in range(MOST_SOURCES):
        try:
            offered = str(folder) if sources else ""
            lock = resolve(
                job.request,
                cache=job.paths.cache,
                workdir=str(workdir),
                log_line=log,
                wheels=offered,
                credentials=job.credentials,
            )
        except ResolutionError as error:
            name = without_wheel(error.detail)
            if not job.request.allow_sources or name is None or name in sources:
                raise
            sources[name] = _make(name, job, workdir, folder, log, install)
        else:
            return replace(lock, libraries=tuple(_from(sources, one, job.request) for one in lock.libraries))
    raise ResolutionError(
        f"More than {MOST_SOURCES} libraries have no wheel.", hint="Ask for others.", path="libraries"
    )


def _make(name: str, job: Job, workdir: Path, folder: Path, log: Callable[[str], None], install: Installer) -> Source:
    """Build a wheel of a library's source into a folder."""
    from assay.engine.sdists.build_wheel import offered_source, wheel_from_source  # noqa: PLC0415 - most builds need none

    source = offered_source(name, job.request, job.credentials)
    made = wheel_from_source(source.file, job, workdir, install, log)
    folder.mkdir(exist_ok=True)
    shutil.copy2(made, folder / made.name)
    return source


def _from(sources: dict[str, Source], library: LockedLibrary, request: ResolveRequest) -> LockedLibrary:
    """Return the library with the file that it is really from."""
    source = sources.get(library.name)
    if source is None or source.version != library.version:
        return library
    return replace(library, file=source.file, index=index_of(library.name, request).url)
