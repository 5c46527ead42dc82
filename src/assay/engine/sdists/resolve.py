"""Resolving with libraries that have only a source distribution: a build builds their wheels, a preview does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from packaging.version import Version

from assay.core.errors import NoWheelError, ResolutionError
from assay.core.lock import Lock, LockedLibrary
from assay.core.no_wheel import Refusal, source_only, wheels_of, wrong_python
from assay.engine.interface import Credentials, EnginePaths, Job, LogLine, Resolved, ResolveRequest
from assay.engine.resolving.compatibility import compiled_platforms, this_platform
from assay.engine.resolving.index_routing import index_of
from assay.engine.resolving.uv import resolve
from assay.engine.resolving.uv_errors import without_wheel
from assay.engine.sandbox import isolation

if TYPE_CHECKING:
    from assay.engine.sdists.build_wheel import InstallInto
    from assay.engine.sdists.candidates import Candidates, Sdist

MAX_SDISTS = 20  # libraries of one environment that may be built from source
MOST_NAMES = 5  # libraries of one explanation whose files are looked up
Make = Callable[["Sdist"], Path]  # returns a wheel of an sdist: a built one, or one with nothing but metadata


@dataclass(frozen=True, kw_only=True)
class _Resolving:
    """One resolution, repeated with one more sdist until it succeeds; `wheels` is the folder of their wheels."""

    request: ResolveRequest
    paths: EnginePaths
    workdir: Path
    credentials: Credentials
    make: Make
    log_line: LogLine | None = None
    started: Callable[[Popen[str]], None] | None = None
    sdists: dict[str, Sdist] = field(default_factory=dict)

    def run(self) -> Lock:
        """Return the lock, in which an sdist stands in place of its wheel. Raises ResolutionError."""
        for _ in range(MAX_SDISTS + 1):
            try:
                lock = self._once()
            except ResolutionError as error:
                self._add(_next_sdist(self.request, self.credentials, error, self.sdists))
            else:
                return replace(
                    lock, libraries=tuple(_with_sdist(self.sdists, self.request, one) for one in lock.libraries)
                )
        raise ResolutionError(
            f"More than {MAX_SDISTS} libraries have no wheel.", hint="Require fewer of them.", path="libraries"
        )

    def _once(self) -> Lock:
        return resolve(
            self.request,
            cache=self.paths.cache,
            workdir=str(self.workdir),
            log_line=self.log_line,
            started=self.started,
            wheels=str(self.workdir / "from-source") if self.sdists else "",
            credentials=self.credentials,
        )

    def _add(self, sdist: Sdist) -> None:
        """Put a wheel of the sdist where uv finds it, in place of one of another version."""
        folder = self.workdir / "from-source"
        folder.mkdir(exist_ok=True)
        wheel = self.make(sdist)
        for old in folder.glob(f"{sdist.name.replace('-', '_')}-*.whl"):
            old.unlink()
        shutil.copy2(wheel, folder / wheel.name)
        self.sdists[sdist.name] = sdist


def resolve_with_sdists(job: Job, workdir: Path, log_line: LogLine, install_into: InstallInto) -> Lock:
    """Resolve, building a wheel for each library that has none if the request allows it. Raises ResolutionError."""

    def build(sdist: Sdist) -> Path:
        from assay.engine.sdists.build_wheel import wheel_from_sdist  # noqa: PLC0415 - most builds need none

        return wheel_from_sdist(sdist.file, job, workdir, install_into, log_line)

    return _Resolving(
        request=job.request,
        paths=job.paths,
        workdir=workdir,
        credentials=job.credentials,
        make=build,
        log_line=log_line,
    ).run()


def preview_with_sdists(
    request: ResolveRequest,
    paths: EnginePaths,
    workdir: Path,
    credentials: Credentials,
    started: Callable[[Popen[str]], None] | None,
) -> Resolved:
    """Resolve without running package code. Raises ResolutionError.

    A library that has only an sdist is resolved with the wheel that an earlier build stored, else with the metadata
    of the sdist. It is pending where that metadata does not promise to stay as it is.
    """
    pending: list[str] = []

    def read(sdist: Sdist) -> Path:
        from assay.engine.sdists.stand_in import stand_in  # noqa: PLC0415 - most previews need none
        from assay.engine.sdists.stored import stored_wheel  # noqa: PLC0415 - as above

        stored = stored_wheel(paths, sdist.file.sha256, request.python)
        if stored is not None:
            return stored
        wheel, certain = stand_in(sdist, request, paths, workdir, credentials)
        if not certain:
            pending.append(sdist.name)
        return wheel

    lock = _Resolving(
        request=request, paths=paths, workdir=workdir, credentials=credentials, make=read, started=started
    ).run()
    return Resolved(lock=lock, pending=tuple(one for one in dict.fromkeys(pending) if one in lock.by_name))


def _next_sdist(
    request: ResolveRequest, credentials: Credentials, error: ResolutionError, known: Mapping[str, Sdist]
) -> Sdist:
    """Return the next sdist that may resolve a conflict. Raises NoWheelError with the reason, else the error itself.

    Each library without a wheel is a part of uv's reasoning. Where a library has a wheel in a version that is
    allowed, something else is the reason of the conflict.
    """
    refused: Refusal | None = None
    for name in without_wheel(error.detail)[:MOST_NAMES]:
        found = _candidates(name, request, credentials, error.detail)
        if found is None or found.has_wheel or not found.version:
            continue
        refusal = _refusal(found, request)
        if refusal is None and found.sdist is not None and found.sdist != known.get(name):
            return found.sdist
        refused = refused or refusal
    if refused is None:
        raise error
    raise NoWheelError(f"{refused.detail}\n{error.detail}", hint=refused.hint, path="libraries") from error


def _candidates(name: str, request: ResolveRequest, credentials: Credentials, detail: str) -> Candidates | None:
    """Return the files of a library; None when its index does not answer."""
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - most resolutions need none of these

    from assay.engine.resolving.listing import files_of  # noqa: PLC0415 - as above
    from assay.engine.sdists.candidates import candidates_in  # noqa: PLC0415 - as above

    try:
        return candidates_in(name, files_of(name, request, credentials), request, detail)
    except HTTPError:
        return None


def _refusal(found: Candidates, request: ResolveRequest) -> Refusal | None:
    """Return why a library without a fitting wheel is not installed, None if its sdist may be built.

    A version with wheels for this platform, for other Pythons, is compiled: building it for a Python that its authors
    did not build for mostly fails, after minutes. Another Python or another version is the way.
    """
    pin = f"{found.name} {found.version}"
    if found.sdist is None or found.offered or any(one.platform in compiled_platforms() for one in found.tags):
        wheels = wheels_of({(one.interpreter, one.abi, one.platform) for one in found.tags})
        system, _, machine = this_platform().partition("-")
        return wrong_python(pin, request.python, f"{system.capitalize()} {machine}", wheels, found.offered)
    refused_by = "" if request.allow_sdists else request.sdists_refused_by or "workspace"
    return source_only(pin, refused_by, sandboxed=isolation.isolation() == "bubblewrap")


def _with_sdist(sdists: Mapping[str, Sdist], request: ResolveRequest, library: LockedLibrary) -> LockedLibrary:
    """Return the library with its sdist as the locked file, in place of the wheel that was built from it."""
    sdist = sdists.get(library.name)
    if sdist is None or Version(sdist.version) != Version(library.version):
        return library
    return replace(library, file=sdist.file, index=index_of(library.name, request).url)
