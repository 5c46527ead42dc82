"""Unpacking downloaded wheels into the store: uv unpacks them, each file is hashed, sources are compiled.

No package code runs: unpacking copies files, and compiling only parses them. Compiling is sandboxed nevertheless.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import resource
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assay.core.errors import BuildError
from assay.core.lock import LockedLibrary
from assay.engine import uv
from assay.engine.interface import ResolveRequest
from assay.engine.layout import flush, remove_tree, site_packages
from assay.engine.sandbox import isolation
from assay.engine.wheel_store.archive import Archive
from assay.engine.wheel_store.distributions import Distribution, read_distributions
from assay.engine.wheel_store.modules import top_modules
from assay.engine.wheel_store.store import COMPILED, MANIFEST, UNPACKING, StoredWheel, key_of

COMPILE_SECONDS = 900.0  # for all files together; 43,000 take about 40 on two cores
CORES = max(1, min(8, os.cpu_count() or 1))
EXEMPT = (".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s", COMPILED)
SLACK = 64 << 20  # bytes beyond the largest member, for the small files that uv itself writes


class Unpacking:
    """Unpacks wheels into the store. `name` is that of the build, and part of the names of unfinished entries."""

    def __init__(
        self,
        wheels: dict[str, Path],
        archives: dict[str, Archive],
        downloads: Path,
        store: Path,
        request: ResolveRequest,
        name: str,
    ) -> None:
        self.wheels, self.archives, self.downloads, self.store = wheels, archives, downloads, store
        self.request, self.name = request, name
        self.stage = store / f"{UNPACKING}{name}"
        self.prefix = self.stage / "prefix"

    def run(self, libraries: Sequence[LockedLibrary], log_line: Callable[[str], None]) -> None:
        """Unpack, verify and store. Wheels that contain the same path are unpacked separately."""
        remove_tree(self.stage)
        self.stage.mkdir(parents=True)
        try:
            uv.make_environment(self.prefix, self.request.python_path, cache=str(self.stage / "cache"))
            self._unpack(libraries)
            found = {one.name: one for one in read_distributions(site_packages(self.prefix, self.request.python))}
            _check_names(libraries, found)
            separate = _overlapping(list(found.values())) if len(libraries) > 1 else frozenset()
            self._store_all([one for one in libraries if one.name not in separate], found, log_line)
        finally:
            remove_tree(self.stage)
        for library in (one for one in libraries if one.name in separate):
            log_line(f"{library.name} contains paths of another library; unpacking it separately.")
            self.run([library], log_line)

    def _unpack(self, libraries: Sequence[LockedLibrary]) -> None:
        """Let uv install the files offline, from the downloads only, with verified hashes and a temporary cache."""
        pins = self.stage / "locked.txt"
        pins.write_text("".join(f"{one.name}=={one.version} --hash=sha256:{self._hash(one)}\n" for one in libraries))
        arguments = ["pip", "sync", "--python", str(self.prefix / "bin" / "python"), "--require-hashes", "--offline"]
        arguments += ["--no-index", "--find-links", str(self.downloads), "--link-mode", "hardlink"]
        arguments += ["--no-build", "--allow-empty-requirements", str(pins)]
        limit = max(self.archives[one.name].largest for one in libraries) + SLACK

        def limit_file_size(process: subprocess.Popen[str]) -> None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))

        finished = uv.run(arguments, cache=str(self.stage / "cache"), cwd=str(self.stage), started=limit_file_size)
        if finished.code:
            raise _not_unpacked(finished.text)
        remove_tree(self.stage / "cache")

    def _hash(self, library: LockedLibrary) -> str:
        """Return the hash of the wheel to unpack: the locked one, or that of the wheel built from an sdist."""
        if library.file.is_wheel:
            return library.file.sha256
        with self.wheels[library.name].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _store_all(
        self, libraries: Sequence[LockedLibrary], found: dict[str, Distribution], log_line: Callable[[str], None]
    ) -> None:
        """Compile and hash files and move them to one folder per library; publish all once they are on the disk."""
        if not libraries:
            return
        compile_all(self.prefix, self.request, self.store, log_line)
        with ThreadPoolExecutor(CORES) as pool:
            wheels = list(pool.map(lambda one: self._describe(one, found[one.name]), libraries))
        unfinished = [
            (_move(one, self.prefix, self.store / f"{UNPACKING}{self.name}-{one.key}"), one) for one in wheels
        ]
        flush(self.store)
        for folder, wheel in unfinished:
            _publish(folder, self.store / wheel.key)

    def _describe(self, library: LockedLibrary, found: Distribution) -> StoredWheel:
        base = f"lib/python{self.request.python}/site-packages"
        archive = self.archives[library.name]
        listed = [os.path.normpath(f"{base}/{name}") for name, _ in _without_uv_cache_file(found, self.prefix / base)]
        unlisted = [f"{base}/{name}" for name in sorted(archive.members) if not _is_data(name)]
        files = [(path, *row) for path in dict.fromkeys((*listed, *unlisted)) if (row := _hashed(self.prefix, path))]
        contents = {path: sha256 for path, _, sha256 in files}
        names = archive.record.keys() | archive.members
        record_mismatches = [name for name in names if _is_record_mismatch(name, archive, contents, base)]
        tag = f"cpython-{self.request.python.replace('.', '')}"
        own = {path for path, _, _ in files}
        made = [_compiled(path, tag) for path in own if path.endswith(".py") and path.startswith(base)]
        compiled = [(path, *row) for path in made if path not in own and (row := _hashed(self.prefix, path))]
        return StoredWheel(
            key=key_of(library, self.request.python),
            name=found.name,
            version=found.version,
            licence=found.licence,
            summary=found.summary,
            requires=found.requires,
            modules=top_modules(tuple(name for name, _ in found.files)),
            groups=found.groups,
            offers=_offers(found, [path.removeprefix(f"{base}/") for path in own if path.startswith(f"{base}/")]),
            files=tuple(files),
            compiled=tuple(sorted(compiled)),
            record_mismatches=tuple(sorted(record_mismatches)),
        )


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


def compile_all(prefix: Path, request: ResolveRequest, store: Path, log_line: Callable[[str], None]) -> None:
    """Compile all sources in a prefix to bytecode that does not depend on modification times (PEP 552)."""
    folder = site_packages(prefix, request.python)
    argv = [request.python_path, "-I", "-S", "-m", "compileall", "-q", "-j", str(CORES)]
    argv += ["--invalidation-mode", "unchecked-hash", "-s", str(prefix), str(folder)]
    confined = isolation.confined(
        argv,
        visible=isolation.base_paths(str(Path(request.python_path).parents[1])),
        hidden=(str(store.parent),),
        writable=(str(folder),),
    )
    try:
        subprocess.run(
            confined, env=isolation.ENVIRONMENT, capture_output=True, timeout=COMPILE_SECONDS, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired:
        log_line("Compiling took too long; Python compiles the remaining files at each start.")


def _compiled(source: str, tag: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def _record_form(sha256: str) -> str:
    """Return a hash in the form of RECORD (PEP 376)."""
    return "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def _hashed(prefix: Path, path: str) -> tuple[int, str] | None:
    """Return size and SHA-256 of a file; None when it is missing. Raises BuildError for special files."""
    if path.startswith("../"):
        raise BuildError(f"RECORD names {path[:200]!r}, outside of the tree.", hint="Remove its library.")
    full = f"{prefix}/{path}"
    try:
        found = os.lstat(full)
        if not stat.S_ISREG(found.st_mode):
            raise BuildError(f"{path} is not a regular file.", hint="Remove its library.")
        with open(full, "rb") as file:  # noqa: PTH123 - in a loop over thousands
            return found.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _move(wheel: StoredWheel, prefix: Path, folder: Path) -> Path:
    """Move a wheel's files to a folder, read-only, with its manifest."""
    remove_tree(folder)
    tree = folder / "tree"
    tree.mkdir(parents=True)
    made = {""}
    for path, _, _ in (*wheel.files, *wheel.compiled):
        parent = path.rpartition("/")[0]
        if parent not in made:
            os.makedirs(f"{tree}/{parent}", exist_ok=True)  # noqa: PTH103 - in a loop over thousands
            made.add(parent)
        source = f"{prefix}/{path}"
        mode = os.stat(source).st_mode  # noqa: PTH116 - as above
        os.chmod(source, 0o555 if mode & stat.S_IXUSR else 0o444)  # noqa: PTH101 - read-only is the point
        os.rename(source, f"{tree}/{path}")  # noqa: PTH104 - as above
    (folder / MANIFEST).write_text(json.dumps(wheel.to_dict()))
    (folder / MANIFEST).chmod(0o444)
    return folder
