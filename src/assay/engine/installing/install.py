"""From a lock to a directory: what is kept is linked; what is missing is fetched, looked into and unpacked first."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assay.core.lock import Lock, LockedLibrary
from assay.engine.fetching.eta import Eta
from assay.engine.installing.manifest import own_files, tree_digest, write_manifests
from assay.engine.interface import Job, ResolveRequest
from assay.engine.resolving.uv import resolve
from assay.engine.sdists.build_wheel import wheel_from_source
from assay.engine.wheel_store.archive import inspect
from assay.engine.wheel_store.store import KeptWheel, kept_wheels, key_of, link_wheels
from assay.engine.wheel_store.unpack import Unpacking, make_prefix

OnProgress = Callable[..., None]  # takes changes of `Progress` by name


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What was linked: bytes and files in all, bytes that nobody had before, `shared` paths with their owners.

    `tree` is the SHA-256 over all files of the wheels.
    """

    wheels: tuple[KeptWheel, ...]
    size: int
    files: int
    new_size: int
    shared: dict[str, list[str]]
    tree: str


class Installation:
    """One installation of a lock into `prefix`, for a job; what lies aside meanwhile bears the name of `workdir`."""

    def __init__(
        self,
        lock: Lock,
        prefix: Path,
        job: Job,
        *,
        workdir: Path,
        log_line: Callable[[str], None],
        on_progress: OnProgress,
    ) -> None:
        self._lock, self._prefix, self._job, self._workdir = lock, prefix, job, workdir
        self._store, self._question = Path(job.paths.wheels), job.request
        self._log, self._update = log_line, on_progress
        self._fresh: frozenset[str] = frozenset()

    def keep(self) -> tuple[KeptWheel, ...]:
        """Return the lock's wheels, all of them kept by now. Raises BuildError."""
        self._store.mkdir(parents=True, exist_ok=True)
        kept = kept_wheels(self._lock, self._store)
        missing = [one for one in self._lock.libraries if one.name not in kept]
        if missing:
            self._log(f"{len(kept)} libraries are kept already; {len(missing)} are fetched.")
            self._bring(missing, done=len(kept))
            self._fresh = frozenset(key_of(one, self._lock.python) for one in missing)
            kept = kept_wheels(self._lock, self._store)
        return tuple(kept[one.name] for one in self._lock.libraries)

    def link(self, wheels: tuple[KeptWheel, ...]) -> Installed:
        """Link them into the prefix, with the metadata. Raises BuildError."""
        self._update(message="Linking")
        make_prefix(self._prefix, self._question.python_path, cache=self._job.paths.cache)
        own = own_files(self._prefix)
        shared = link_wheels(wheels, self._store, self._prefix)
        write_manifests(self._prefix, self._store, own, wheels)
        self._update(done=len(wheels), bytes_done=self._lock.download_size)
        return Installed(
            wheels=wheels,
            size=sum(size for _, size, _ in own) + sum(one.size for one in wheels),
            files=len(own) + sum(len(one.files) + len(one.compiled) for one in wheels),
            new_size=sum(one.size for one in wheels if one.key in self._fresh),
            shared=shared,
            tree=tree_digest(wheels),
        )

    def _bring(self, missing: list[LockedLibrary], *, done: int) -> None:
        from assay.engine.fetching.fetch import fetch  # noqa: PLC0415 - 80 ms that a build from kept wheels need not spend
        from assay.engine.fetching.network import Network  # noqa: PLC0415 - the same

        downloads = self._workdir / "downloads"
        here = self._lock.download_size - sum(one.file.size for one in missing)
        guard, eta = threading.Lock(), Eta()

        def arrived(count: int, *, whole: bool) -> None:
            nonlocal here, done
            with guard:
                here, done = here + count, done + whole
                left = eta.left(time.monotonic(), here, self._lock.download_size)
                self._update(done=done, bytes_done=here, seconds_left=left)

        self._update(done=done, bytes_done=here, message="Fetching")
        files = [one.file for one in missing if one.file.is_wheel]
        network = Network((self._question.index, *self._question.sources), self._job.credentials)
        fetch(files, downloads, network, arrived)
        self._update(message="Unpacking and compiling", seconds_left=None, force=True)
        wheels = {one.name: self._wheel(one, downloads) for one in missing}
        archives = {name: inspect(wheel) for name, wheel in wheels.items()}
        unpacking = Unpacking(wheels, archives, downloads, self._store, self._question, self._workdir.name)
        unpacking.run(missing, self._log)
        shutil.rmtree(downloads)

    def _wheel(self, library: LockedLibrary, downloads: Path) -> Path:
        """Return a library's wheel among the downloads; a source is built first."""
        if library.file.is_wheel:
            return downloads / library.file.name
        made = wheel_from_source(library.file, self._job, self._workdir, self._install_needs, self._log)
        shutil.copy2(made, downloads / made.name)
        return downloads / made.name

    def _install_needs(self, request: ResolveRequest, prefix: Path) -> None:
        install_into(request, prefix, self._job, self._workdir, self._log)


def install_into(request: ResolveRequest, prefix: Path, job: Job, workdir: Path, log: Callable[[str], None]) -> None:
    """Resolve a request and install the answer: an environment to build a source in. Raises AssayError."""
    aside = workdir / f"needs-{prefix.parent.name}"
    aside.mkdir(exist_ok=True)
    lock = resolve(request, cache=job.paths.cache, workdir=str(aside), credentials=job.credentials)
    quiet = replace(job, request=request)
    installation = Installation(lock, prefix, quiet, workdir=aside, log_line=log, on_progress=_quiet)
    installation.link(installation.keep())


def _quiet(**changes: object) -> None:
    del changes
