"""The engine `uv`: Python packages from package indexes, resolved and unpacked by uv."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from assay.core.errors import AssayError, BuildError
from assay.core.lock import Lock
from assay.engine import uv
from assay.engine.interface import Credentials, EnginePaths, Job, LogLine, OnProgress, Resolved, ResolveRequest
from assay.engine.layout import remove_tree
from assay.engine.sdists.resolve import preview_with_sdists, resolve_with_sdists

if TYPE_CHECKING:
    from assay.engine.installing.uv import UvInstaller


class UvEngine:
    """Resolves with `uv pip compile`; unpacks with `uv pip sync`; builds a wheel if an index has only an sdist."""

    def version(self) -> str:
        """Return uv's version."""
        return uv.version()

    def prepare(self) -> None:
        """Import the installer and what it needs for downloads; keep uv's version."""
        from assay.engine.fetching import fetch, network  # noqa: F401, PLC0415 - previews need none of these
        from assay.engine.installing import uv as installing  # noqa: F401, PLC0415 - as above

        with contextlib.suppress(AssayError, OSError):  # the build tells that uv is missing
            uv.version()

    def preview(
        self,
        request: ResolveRequest,
        *,
        paths: EnginePaths,
        workdir: str,
        credentials: Credentials | None = None,
        started: Callable[[Popen[str]], None] | None = None,
    ) -> Resolved:
        """Resolve without running package code; of an sdist, its metadata or its stored wheel is read."""
        return preview_with_sdists(request, paths, Path(workdir), credentials or {}, started)

    def requires(
        self, request: ResolveRequest, *, paths: EnginePaths, workdir: str, credentials: Credentials | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Resolve and return the edges that uv annotates."""
        from assay.engine.resolving.dependents import requires_of  # noqa: PLC0415 - only imports of files need it

        return requires_of(request, cache=paths.cache, workdir=workdir, credentials=credentials)

    def begin(self, job: Job, prefix: Path) -> None:
        """Make the empty environment; a failure is found again, and told, when the wheels are linked."""
        prefix.parent.mkdir(parents=True, exist_ok=True)
        try:
            uv.make_environment(prefix, job.request.python_path, cache=job.paths.cache)
        except BuildError:
            remove_tree(prefix)

    def resolve(self, job: Job, workdir: Path, log_line: LogLine) -> Lock:
        """Resolve for a build; a library without a wheel is built from its sdist if the request allows it."""

        def install(request: ResolveRequest, prefix: Path) -> Lock:
            from assay.engine.installing.uv import install_into  # noqa: PLC0415 - most builds need no sdist

            return install_into(request, prefix, job, workdir, log_line)

        return resolve_with_sdists(job, workdir, log_line, install)

    def installer(
        self, lock: Lock, prefix: Path, job: Job, *, workdir: Path, log_line: LogLine, on_progress: OnProgress
    ) -> UvInstaller:
        """Return the installer that fetches the lock's wheels and links them into the prefix."""
        from assay.engine.installing.uv import UvInstaller  # noqa: PLC0415 - previews need none of it

        return UvInstaller(lock, prefix, job, workdir=workdir, log_line=log_line, on_progress=on_progress)
