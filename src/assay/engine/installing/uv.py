"""uv's installer: fetch and unpack the wheels that the store lacks, then link all of them into a directory."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from assay.core.formatting import plural
from assay.core.lock import File, Lock, LockedLibrary
from assay.engine import uv
from assay.engine.fetching.eta import Eta
from assay.engine.installing.link import link_into
from assay.engine.interface import Installed, Job, LogLine, OnProgress, ResolveRequest
from assay.engine.resolving.uv import resolve
from assay.engine.sdists.build_wheel import wheel_from_sdist
from assay.engine.wheel_store.store import StoredWheel, key_of, stored_wheels
from assay.engine.wheel_store.uv_unpack import Unpacking

GROUPS = 8  # of one build: a call of uv takes 0.1 s
SMALLEST_GROUP = 4 << 20  # bytes of wheels


class UvInstaller:
    """Installs one lock into `prefix`. The name of `workdir` is part of the names of unfinished files."""

    def __init__(
        self, lock: Lock, prefix: Path, job: Job, *, workdir: Path, log_line: LogLine, on_progress: OnProgress
    ) -> None:
        self._lock, self._prefix, self._job, self._workdir = lock, prefix, job, workdir
        self._store, self._request = Path(job.paths.wheels), job.request
        self._log, self._update = log_line, on_progress
        self._added: frozenset[str] = frozenset()

    def fetch(self) -> tuple[StoredWheel, ...]:
        """Return the lock's wheels from the store, adding those that it lacks. Raises BuildError."""
        self._store.mkdir(parents=True, exist_ok=True)
        stored = stored_wheels(self._lock, self._store)
        missing = [one for one in self._lock.libraries if one.name not in stored]
        if missing:
            self._log(f"Found {plural(len(stored), 'library')} in the wheel store; fetching {len(missing):,}.")
            self._add(missing, done=len(stored))
            self._added = frozenset(key_of(one, self._lock.python) for one in missing)
            stored = stored_wheels(self._lock, self._store)
        return tuple(stored[one.name] for one in self._lock.libraries)

    def link(self, wheels: tuple[StoredWheel, ...]) -> Installed:
        """Make the environment and link the wheels into it, with their manifests. Raises BuildError."""
        self._update(message="Linking")
        if not self._prefix.exists():
            uv.make_environment(self._prefix, self._request.python_path, cache=self._job.paths.cache)
        installed = link_into(self._prefix, wheels, self._store, added=self._added)
        self._update(done=len(wheels), bytes_done=self._lock.download_size)
        return installed

    def _add(self, missing: list[LockedLibrary], *, done: int) -> None:
        """Fetch, inspect and unpack wheels into the store."""
        from assay.engine.fetching.fetch import fetch_each  # noqa: PLC0415 - takes 80 ms, needed only when wheels are missing
        from assay.engine.fetching.network import Network  # noqa: PLC0415 - as above

        downloads = self._workdir / "downloads"
        received = self._lock.download_size - sum(one.file.size for one in missing)
        guard, eta = threading.Lock(), Eta()

        def on_bytes(count: int, *, complete: bool) -> None:
            nonlocal received, done
            with guard:
                received, done = received + count, done + complete
                left = eta.left(time.monotonic(), received, self._lock.download_size)
                self._update(done=done, bytes_done=received, seconds_left=left)

        self._update(done=done, bytes_done=received, message="Fetching, unpacking and compiling")
        network = Network((self._request.index, *self._request.other_indexes), self._job.credentials)
        files = [one.file for one in missing if one.file.is_wheel]
        fetched = fetch_each(files, downloads, network, on_bytes)
        with (
            contextlib.closing(fetched),
            Unpacking(self._store, self._request, self._workdir.name, self._log) as adding,
        ):
            for group in _groups(missing, fetched):
                adding.add(group, {one.name: self._wheel(one, downloads) for one in group})
            self._update(message="Compiling", seconds_left=None, force=True)
        shutil.rmtree(downloads)

    def _wheel(self, library: LockedLibrary, downloads: Path) -> Path:
        """Return the path of a library's wheel among the downloads; build it first if the lock has an sdist."""
        if library.file.is_wheel:
            return downloads / library.file.name
        built = wheel_from_sdist(library.file, self._job, self._workdir, self._install_into, self._log)
        shutil.copy2(built, downloads / built.name)
        return downloads / built.name

    def _install_into(self, request: ResolveRequest, prefix: Path) -> Lock:
        return install_into(request, prefix, self._job, self._workdir, self._log)


def _groups(missing: Sequence[LockedLibrary], fetched: Iterable[File]) -> Iterator[list[LockedLibrary]]:
    """Yield libraries in groups as their wheels arrive; those that are built from sdists come in the last one."""
    by_name = {one.file.name: one for one in missing if one.file.is_wheel}
    share = max(SMALLEST_GROUP, sum(one.file.size for one in by_name.values()) // GROUPS)
    group: list[LockedLibrary] = []
    for file in fetched:
        group.append(by_name[file.name])
        if sum(one.file.size for one in group) >= share:
            yield group
            group = []
    group += [one for one in missing if not one.file.is_wheel]
    if group:
        yield group


def install_into(request: ResolveRequest, prefix: Path, job: Job, workdir: Path, log_line: LogLine) -> Lock:
    """Resolve a request and install its lock: the build environment of an sdist. Raises AssayError."""
    folder = workdir / f"needs-{prefix.parent.name}"
    folder.mkdir(exist_ok=True)
    lock = resolve(request, cache=job.paths.cache, workdir=str(folder), credentials=job.credentials)
    installer = UvInstaller(
        lock, prefix, replace(job, request=request), workdir=folder, log_line=log_line, on_progress=_no_progress
    )
    installer.link(installer.fetch())
    return lock


def _no_progress(**changes: object) -> None:
    """Ignore progress: a build environment has none of its own."""
    del changes
