"""Resolving with libraries that have only a source distribution: builds their wheels first, if the request allows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assay.core.errors import ResolutionError
from assay.core.lock import Lock, LockedLibrary
from assay.engine.interface import Job, LogLine, ResolveRequest
from assay.engine.resolving.index_routing import index_of
from assay.engine.resolving.uv import resolve
from assay.engine.resolving.uv_errors import without_wheel

if TYPE_CHECKING:
    from assay.engine.sdists.build_wheel import InstallInto, Sdist

MAX_SDISTS = 20  # libraries of one environment that may be built from source


def resolve_with_sdists(job: Job, workdir: Path, log_line: LogLine, install_into: InstallInto) -> Lock:
    """Resolve, building a wheel for each library that has none if the request allows it. Raises ResolutionError."""
    folder = workdir / "from-source"
    sdists: dict[str, Sdist] = {}
    for _ in range(MAX_SDISTS):
        try:
            lock = resolve(
                job.request,
                cache=job.paths.cache,
                workdir=str(workdir),
                log_line=log_line,
                wheels=str(folder) if sdists else "",
                credentials=job.credentials,
            )
        except ResolutionError as error:
            name = without_wheel(error.detail)
            if not job.request.allow_sdists or name is None or name in sdists:
                raise
            sdists[name] = _build(name, job, workdir, folder, log_line, install_into)
        else:
            return replace(lock, libraries=tuple(_with_sdist(sdists, one, job.request) for one in lock.libraries))
    raise ResolutionError(
        f"More than {MAX_SDISTS} libraries have no wheel.", hint="Require fewer of them.", path="libraries"
    )


def _build(name: str, job: Job, workdir: Path, folder: Path, log_line: LogLine, install_into: InstallInto) -> Sdist:
    """Build the wheel of a library's sdist into a folder and return the sdist."""
    from assay.engine.sdists.build_wheel import find_sdist, wheel_from_sdist  # noqa: PLC0415 - most builds need none

    sdist = find_sdist(name, job.request, job.credentials)
    wheel = wheel_from_sdist(sdist.file, job, workdir, install_into, log_line)
    folder.mkdir(exist_ok=True)
    shutil.copy2(wheel, folder / wheel.name)
    return sdist


def _with_sdist(sdists: dict[str, Sdist], library: LockedLibrary, request: ResolveRequest) -> LockedLibrary:
    """Return the library with its sdist as the locked file, in place of the wheel that was built from it."""
    sdist = sdists.get(library.name)
    if sdist is None or sdist.version != library.version:
        return library
    return replace(library, file=sdist.file, index=index_of(library.name, request).url)
