"""From a lock to a directory: what is kept is linked; what is missing is fetched, looked into and unpacked first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.core.lock import Lock, LockedLibrary
from assay.engine.archive import inspect
from assay.engine.interface import Question
from assay.engine.papers import own_files, tree_digest, write_papers
from assay.engine.unpack import Entering, make_prefix
from assay.engine.wheels import KeptWheel, kept_wheels, key_of, link_wheels

OnProgress = Callable[[int, int], None]  # libraries done, bytes done


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
    """One installation into `prefix`; `name` is the build's own, for what lies aside meanwhile."""

    def __init__(
        self,
        lock: Lock,
        prefix: Path,
        question: Question,
        *,
        shelf: Path,
        cache: str,
        workdir: Path,
        on_line: Callable[[str], None],
        on_progress: OnProgress,
    ) -> None:
        self._lock, self._prefix, self._question = lock, prefix, question
        self._shelf, self._cache, self._workdir = shelf, cache, workdir
        self._say, self._tell = on_line, on_progress
        self._fresh: frozenset[str] = frozenset()

    def keep(self) -> tuple[KeptWheel, ...]:
        """Return the lock's wheels, all of them kept by now. Raises BuildError."""
        self._shelf.mkdir(parents=True, exist_ok=True)
        kept = kept_wheels(self._lock, self._shelf)
        missing = [one for one in self._lock.libraries if one.name not in kept]
        if missing:
            self._say(f"{len(kept)} libraries are kept already; {len(missing)} are fetched.")
            self._bring(missing, done=len(kept))
            self._fresh = frozenset(key_of(one, self._lock.python) for one in missing)
            kept = kept_wheels(self._lock, self._shelf)
        return tuple(kept[one.name] for one in self._lock.libraries)

    def link(self, wheels: tuple[KeptWheel, ...]) -> Installed:
        """Link them into the prefix, with the papers. Raises BuildError."""
        make_prefix(self._prefix, self._question.python_path, cache=self._cache)
        own = own_files(self._prefix)
        shared = link_wheels(wheels, self._shelf, self._prefix)
        write_papers(self._prefix, self._shelf, own, wheels)
        self._tell(len(wheels), self._lock.download_size)
        return Installed(
            wheels=wheels,
            size=sum(size for _, size, _ in own) + sum(one.size for one in wheels),
            files=len(own) + sum(len(one.files) + len(one.compiled) for one in wheels),
            new_size=sum(one.size for one in wheels if one.key in self._fresh),
            shared=shared,
            tree=tree_digest(wheels),
        )

    def _bring(self, missing: list[LockedLibrary], *, done: int) -> None:
        from assay.engine.fetch import fetch  # noqa: PLC0415 - 80 ms that a build from kept wheels need not spend
        from assay.engine.network import Network  # noqa: PLC0415 - the same

        downloads = self._workdir / "downloads"
        here = self._lock.download_size - sum(one.file.size for one in missing)

        def arrived(count: int) -> None:
            nonlocal here
            here += count
            self._tell(done, here)

        self._tell(done, here)
        fetch([one.file for one in missing], downloads, Network((self._question.index,)), arrived)
        archives = {one.name: inspect(downloads / one.file.name) for one in missing}
        entering = Entering(archives, downloads, self._shelf, self._question, self._workdir.name)
        entering.enter(missing, self._say)
        shutil.rmtree(downloads)
