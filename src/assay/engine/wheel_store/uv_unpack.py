"""Unpacking downloaded wheels into the store: uv unpacks them, each file is hashed, sources are compiled.

No package code runs: unpacking copies files, and compiling only parses them. Compiling is sandboxed nevertheless.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import resource
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from assay.core.errors import BuildError
from assay.core.lock import LockedLibrary
from assay.engine import uv
from assay.engine.durability import flush
from assay.engine.interface import ResolveRequest
from assay.engine.layout import remove_tree, site_packages
from assay.engine.wheel_store.archive import Archive, inspect
from assay.engine.wheel_store.compiling import CORES, Compiler, Row, Source
from assay.engine.wheel_store.distributions import Distribution, read_distributions
from assay.engine.wheel_store.modules import top_modules
from assay.engine.wheel_store.store import COMPILED, MANIFEST, UNPACKING, StoredWheel, discard, key_of

SMALL = 1 << 20  # bytes; files up to this are read in one piece
EXEMPT = (".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s", COMPILED)
SLACK = 64 << 20  # bytes beyond the largest member, for the small files that uv itself writes


class Unpacking:
    """Unpacks wheels into the store, group by group; `name` is part of the names of unfinished entries.

    While uv unpacks a group, the files of those before it are hashed, compiled, flushed and published.
    """

    def __init__(self, store: Path, request: ResolveRequest, name: str, log_line: Callable[[str], None]) -> None:
        self._store, self._request, self._log = store, request, log_line
        self._stage = store / f"{UNPACKING}{name}"
        remove_tree(self._stage)
        self._stage.mkdir(parents=True)
        self._groups = 0
        self._compiler = Compiler(request, self._stage, store.parent, log_line)
        self._finishing = ThreadPoolExecutor(CORES, thread_name_prefix="finish")
        self._running: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._compiler.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all is published. Raises BuildError."""
        try:
            if error is None:
                for one in self._running:
                    one.result()
        except BaseException as failed:
            error = failed
            raise
        finally:
            self._compiler.__exit__(type(error) if error else None, error, trace)
            self._finishing.shutdown(cancel_futures=error is not None)
            if error is None:
                discard(self._stage)  # nothing but folders and second names: removing them takes as long as unpacking
            else:
                remove_tree(self._stage)

    def add(self, libraries: Sequence[LockedLibrary], wheels: dict[str, Path]) -> None:
        """Unpack and verify wheels. Those that contain the same path are unpacked separately. Raises BuildError."""
        self._groups += 1
        group = _Group(self._stage / str(self._groups), self._request, libraries, wheels)
        group.unpack(self._empty_environment())
        separate = _overlapping(list(group.found.values())) if len(libraries) > 1 else frozenset()
        together = [one for one in libraries if one.name not in separate]
        self._running.append(self._finishing.submit(self._finish, group, together))
        for library in (one for one in libraries if one.name in separate):
            self._log(f"{library.name} contains paths of another library; unpacking it separately.")
            self.add([library], {library.name: wheels[library.name]})

    def _empty_environment(self) -> Path:
        """Return an empty environment, which each group copies: a call of uv for each takes 0.1 s."""
        empty = self._stage / "empty"
        if not empty.exists():
            uv.make_environment(empty, self._request.python_path, cache=str(self._stage / "cache"))
        return empty

    def _finish(self, group: _Group, libraries: Sequence[LockedLibrary]) -> None:
        """Hash and compile the files of a group; publish its entries once they are on the disk."""
        entries = [_Entry(group, one, self._stage) for one in libraries]
        sources = []
        for entry in entries:
            entry.take()
            sources += entry.sources()
        compiled: dict[str, dict[str, Row]] = {entry.tree: {} for entry in entries}
        for batch in self._compiler.compile(sources):
            for source, row in batch.result():
                compiled[source.tree][source.compiled] = row
        for entry in entries:
            entry.describe(compiled[entry.tree])
        flush(self._store)
        for entry in entries:
            _publish(entry.folder, self._store / entry.folder.name)


class _Group:
    """Wheels that one call of uv unpacks."""

    def __init__(
        self, folder: Path, request: ResolveRequest, libraries: Sequence[LockedLibrary], wheels: dict[str, Path]
    ) -> None:
        self.folder, self.request, self.libraries, self.wheels = folder, request, libraries, wheels
        self.prefix = folder / "prefix"
        self.archives = {one.name: inspect(wheels[one.name]) for one in libraries}
        self.found: dict[str, Distribution] = {}

    def unpack(self, empty: Path) -> None:
        """Let uv install the files offline, from the downloads only, with verified hashes and a temporary cache."""
        self.folder.mkdir()
        cache = str(self.folder / "cache")
        shutil.copytree(empty, self.prefix, symlinks=True)
        pins = self.folder / "locked.txt"
        pins.write_text(
            "".join(f"{one.name}=={one.version} --hash=sha256:{self._hash(one)}\n" for one in self.libraries)
        )
        arguments = ["pip", "sync", "--python", str(self.prefix / "bin" / "python"), "--require-hashes", "--offline"]
        arguments += ["--no-index", "--link-mode", "hardlink", "--no-build", "--allow-empty-requirements", str(pins)]
        for folder in {str(wheel.parent) for wheel in self.wheels.values()}:
            arguments += ["--find-links", folder]
        limit = max(archive.largest for archive in self.archives.values()) + SLACK

        def limit_file_size(process: subprocess.Popen[str]) -> None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))

        finished = uv.run(arguments, cache=cache, cwd=str(self.folder), started=limit_file_size)
        if finished.code:
            raise _not_unpacked(finished.text)
        self.found = {one.name: one for one in read_distributions(site_packages(self.prefix, self.request.python))}
        _check_names(self.libraries, self.found)

    def _hash(self, library: LockedLibrary) -> str:
        """Return the hash of the wheel to unpack: the locked one, or that of the wheel built from an sdist."""
        if library.file.is_wheel:
            return library.file.sha256
        with self.wheels[library.name].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class _Entry:
    """One unfinished entry of the store: a library's files, moved out of the group's prefix."""

    def __init__(self, group: _Group, library: LockedLibrary, stage: Path) -> None:
        self._python = group.request.python
        self._found, self._archive = group.found[library.name], group.archives[library.name]
        self._prefix = group.prefix
        self._base = f"lib/python{self._python}/site-packages"
        self.folder = stage / key_of(library, self._python)
        self.tree = str(self.folder / "tree")
        self._paths: tuple[str, ...] = ()
        self._hashed: dict[str, Row] = {}

    def take(self) -> None:
        """Hash the files and move them here, read-only. Raises BuildError for special files."""
        base = self._base
        own = _without_uv_cache_file(self._found, self._prefix / base)
        listed = [os.path.normpath(f"{base}/{name}") for name, _ in own]
        unlisted = [f"{base}/{name}" for name in sorted(self._archive.members) if not _is_data(name)]
        self._paths = tuple(dict.fromkeys((*listed, *unlisted)))
        os.makedirs(self.tree)  # noqa: PTH103 - as below
        made = {""}
        for path in self._paths:
            source = f"{self._prefix}/{path}"
            row = _hashed(source, path)
            if row is None:
                continue
            self._hashed[path] = row
            parent = path.rpartition("/")[0]
            if parent not in made:
                os.makedirs(f"{self.tree}/{parent}", exist_ok=True)  # noqa: PTH103 - in a loop over thousands
                made.add(parent)
            os.rename(source, f"{self.tree}/{path}")  # noqa: PTH104 - as above

    def sources(self) -> list[Source]:
        """Return the sources to compile."""
        tag = f"cpython-{self._python.replace('.', '')}"
        return [
            Source(tree=self.tree, path=path, size=size, compiled=_compiled(path, tag))
            for path, (size, _) in self._hashed.items()
            if path.endswith(".py") and path.startswith(self._base) and "/__pycache__/" not in path
        ]

    def describe(self, compiled: dict[str, Row]) -> None:
        """Write the manifest. A compiled file that the wheel lists is one of its files, as it is now."""
        found, archive, base = self._found, self._archive, self._base
        rows = {**self._hashed, **compiled}
        files = tuple((path, *rows[path]) for path in self._paths if path in rows)
        own = {path for path, _, _ in files}
        contents = {path: sha256 for path, _, sha256 in files}
        names = archive.record.keys() | archive.members
        mismatches = [name for name in names if _is_record_mismatch(name, archive, contents, base)]
        wheel = StoredWheel(
            key=self.folder.name,
            name=found.name,
            version=found.version,
            licence=found.licence,
            summary=found.summary,
            requires=found.requires,
            modules=top_modules(tuple(name for name, _ in found.files)),
            groups=found.groups,
            offers=_offers(found, [path.removeprefix(f"{base}/") for path in own if path.startswith(f"{base}/")]),
            files=files,
            compiled=tuple(sorted((path, *row) for path, row in compiled.items() if path not in own)),
            record_mismatches=tuple(sorted(mismatches)),
        )
        (self.folder / MANIFEST).write_text(json.dumps(wheel.to_dict()))
        (self.folder / MANIFEST).chmod(0o444)


def _offers(found: Distribution, paths: list[str]) -> tuple[str, ...]:
    """Return the names by which other code finds a wheel: top-level modules, distribution, entry point groups."""
    tops = {path.split("/", 1)[0].split(".", 1)[0] for path in paths if ".dist-info/" not in path}
    groups = {f"group:{one}" for one in found.groups} | ({"group:*"} if found.groups else set())
    return tuple(sorted(tops | groups | {f"dist:{found.name}"}))


def _is_data(name: str) -> bool:
    """Return whether a member is installed outside of site-packages (PEP 427)."""
    return name.split("/", maxsplit=1)[0].endswith(".data")


def _is_record_mismatch(name: str, archive: Archive, contents: dict[str, str], base: str) -> bool:
    """Return whether a member differs from RECORD; RECORD, its signatures and compiled files are exempt (PEP 376)."""
    if name.endswith(EXEMPT) or _is_data(name):
        return False
    recorded = archive.record.get(name)
    if recorded is None or name not in archive.members:
        return True
    content = contents.get(f"{base}/{name}")
    return bool(recorded and content and recorded != _record_form(content))


def _without_uv_cache_file(found: Distribution, site: Path) -> list[tuple[str, str]]:
    """Remove uv's cache file of local wheels, which contains a time; return the other files of RECORD."""
    kept = [(name, recorded) for name, recorded in found.files if not name.endswith(".dist-info/uv_cache.json")]
    for name, _ in set(found.files) - set(kept):
        (site / name).unlink(missing_ok=True)
        record = site / name.replace("uv_cache.json", "RECORD")
        lines = [line for line in record.read_text().splitlines(keepends=True) if "/uv_cache.json," not in line]
        record.unlink()
        record.write_text("".join(lines))
    return kept


def _publish(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            raise
        remove_tree(folder)  # another build stored the same wheel first


def _not_unpacked(text: str) -> BuildError:
    short = "\n".join(line for line in text.splitlines() if line.strip())[-3000:]
    if "No space left" in text or "os error 28" in text:
        return BuildError(f"The disk is full.\n{short}", hint="Free space, then build again.")
    return BuildError(
        f"The locked files could not be unpacked.\n{short}",
        hint="A file is damaged or is not a valid wheel. Remove its library, or report it to its authors.",
    )


def _check_names(libraries: Sequence[LockedLibrary], found: dict[str, Distribution]) -> None:
    wanted = {(one.name, one.version) for one in libraries}
    installed = {(one.name, one.version) for one in found.values()}
    if wanted != installed:
        missing = ", ".join(f"{name} {version}" for name, version in sorted(wanted - installed)) or "nothing"
        extra = ", ".join(f"{name} {version}" for name, version in sorted(installed - wanted)) or "nothing"
        raise BuildError(
            f"The installed libraries differ from the lock: missing {missing}; unexpected {extra}.",
            hint="The metadata of a package differs from its file name. Remove it, or report it to its authors.",
        )


def _overlapping(found: list[Distribution]) -> frozenset[str]:
    """Return the distributions that contain a path of another one."""
    counted = Counter(path for one in found for path, _ in one.files)
    return frozenset(one.name for one in found if any(counted[path] > 1 for path, _ in one.files))


def _compiled(source: str, tag: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def _record_form(sha256: str) -> str:
    """Return a hash in the form of RECORD (PEP 376)."""
    return "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def _hashed(full: str, path: str) -> Row | None:
    """Make a file read-only; return its size and SHA-256, None when it is missing. Raises BuildError if special."""
    if path.startswith("../"):
        raise BuildError(f"RECORD names {path[:200]!r}, outside of the tree.", hint="Remove its library.")
    try:
        found = os.lstat(full)
        if not stat.S_ISREG(found.st_mode):
            raise BuildError(f"{path} is not a regular file.", hint="Remove its library.")
        with open(full, "rb", buffering=0) as file:  # noqa: PTH123 - in a loop over thousands
            os.fchmod(file.fileno(), 0o555 if found.st_mode & stat.S_IXUSR else 0o444)
            if found.st_size <= SMALL:
                return found.st_size, hashlib.sha256(file.read()).hexdigest()
            return found.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
