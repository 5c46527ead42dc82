"""From fetched wheels to kept ones: uv unpacks them aside, each file is hashed, sources are compiled, all is named.

No package code runs: unpacking copies files, and compiling only parses them, confined all the same.
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
from assay.engine.wheel_store.store import MANIFEST, UNPACKING, KeptWheel, key_of

COMPILE_SECONDS = 900.0  # for all files together; 43,000 take about 40 on two cores
CORES = max(1, min(8, os.cpu_count() or 1))
SLACK = 64 << 20  # bytes beside the largest member: uv writes its own small files too


class Unpacking:
    """One build's way of keeping wheels: `name` is its own, so that what it leaves half done can be told apart."""

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
        """Unpack, check and keep. Wheels that bring the same path are unpacked one by one: each keeps its own."""
        remove_tree(self.stage)
        self.stage.mkdir(parents=True)
        try:
            uv.make_environment(self.prefix, self.request.python_path, cache=str(self.stage / "cache"))
            self._unpack(libraries)
            found = {one.name: one for one in read_distributions(site_packages(self.prefix, self.request.python))}
            _check_names(libraries, found)
            alone = _overlapping(list(found.values())) if len(libraries) > 1 else frozenset()
            self._keep([one for one in libraries if one.name not in alone], found, log_line)
        finally:
            remove_tree(self.stage)
        for library in (one for one in libraries if one.name in alone):
            log_line(f"{library.name} shares paths with another library; it is unpacked alone.")
            self.run([library], log_line)

    def _unpack(self, libraries: Sequence[LockedLibrary]) -> None:
        """Let uv install the files, from the downloads alone, by their hashes, with a cache of its own."""
        pins = self.stage / "locked.txt"
        pins.write_text("".join(f"{one.name}=={one.version} --hash=sha256:{self._hash(one)}\n" for one in libraries))
        arguments = ["pip", "sync", "--python", str(self.prefix / "bin" / "python"), "--require-hashes", "--offline"]
        arguments += ["--no-index", "--find-links", str(self.downloads), "--link-mode", "hardlink"]
        arguments += ["--no-build", "--allow-empty-requirements", str(pins)]
        limit = max(self.archives[one.name].largest for one in libraries) + SLACK

        def bounded(process: subprocess.Popen[str]) -> None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, limit))

        finished = uv.run(arguments, cache=str(self.stage / "cache"), cwd=str(self.stage), started=bounded)
        if finished.code:
            raise _not_unpacked(finished.text)
        remove_tree(self.stage / "cache")

    def _hash(self, library: LockedLibrary) -> str:
        """Return the hash of the wheel that is unpacked: the locked one, or of what was built from the source."""
        if library.file.is_wheel:
            return library.file.sha256
        with self.wheels[library.name].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _keep(
        self, libraries: Sequence[LockedLibrary], found: dict[str, Distribution], log_line: Callable[[str], None]
    ) -> None:
        """Compile, hash and move files to a folder per library; let all appear when all is on the disk."""
        if not libraries:
            return
        compile_all(self.prefix, self.request, self.store, log_line)
        with ThreadPoolExecutor(CORES) as pool:
            kept = list(pool.map(lambda one: self._describe(one, found[one.name]), libraries))
        ready = [(_move(one, self.prefix, self.store / f"{UNPACKING}{self.name}-{one.key}"), one) for one in kept]
        flush(self.store)
        for aside, wheel in ready:
            _appear(aside, self.store / wheel.key)

    def _describe(self, library: LockedLibrary, found: Distribution) -> KeptWheel:
        base = f"lib/python{self.request.python}/site-packages"
        archive = self.archives[library.name]
        listed = [os.path.normpath(f"{base}/{name}") for name, _ in _without_cache_note(found, self.prefix / base)]
        unlisted = [f"{base}/{name}" for name in sorted(archive.members) if not _is_data(name)]
        files = [
            (path, *told) for path in dict.fromkeys((*listed, *unlisted)) if (told := _hashed(self.prefix, path))
        ]
        contents = {path: sha256 for path, _, sha256 in files}
        names = archive.announced.keys() | archive.members
        record_mismatches = [name for name in names if _is_record_mismatch(name, archive, contents, base)]
        tag = f"cpython-{self.request.python.replace('.', '')}"
        own = {path for path, _, _ in files}
        made = [_compiled(path, tag) for path in own if path.endswith(".py") and path.startswith(base)]
        compiled = [(path, *told) for path in made if path not in own and (told := _hashed(self.prefix, path))]
        return KeptWheel(
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
    """Return the names by which other code finds a wheel: top-level modules, its distribution, its entry points."""
    tops = {path.split("/", 1)[0].split(".", 1)[0] for path in paths if ".dist-info/" not in path}
    groups = {f"group:{one}" for one in found.groups} | ({"group:*"} if found.groups else set())
    return tuple(sorted(tops | groups | {f"dist:{found.name}"}))


def _is_data(name: str) -> bool:
    """Say whether a member goes elsewhere than into site-packages (PEP 427)."""
    return name.split("/", maxsplit=1)[0].endswith(".data")


def _is_record_mismatch(name: str, archive: Archive, contents: dict[str, str], base: str) -> bool:
    """Say whether a wheel's RECORD tells of a member otherwise than it is; of some it tells nothing (PEP 376)."""
    if name.endswith((".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")) or _is_data(name):
        return False
    announced = archive.announced.get(name)
    if announced is None or name not in archive.members:
        return True
    content = contents.get(f"{base}/{name}")
    return bool(announced and content and announced != _record_form(content))


def _without_cache_note(found: Distribution, site: Path) -> list[tuple[str, str]]:
    """Remove the note by which uv recognises a local file (it holds a time); return the other files of RECORD."""
    kept = [(name, announced) for name, announced in found.files if not name.endswith(".dist-info/uv_cache.json")]
    for name, _ in set(found.files) - set(kept):
        (site / name).unlink(missing_ok=True)
        record = site / name.replace("uv_cache.json", "RECORD")
        lines = [line for line in record.read_text().splitlines(keepends=True) if "/uv_cache.json," not in line]
        record.unlink()
        record.write_text("".join(lines))
    return kept


def _appear(aside: Path, target: Path) -> None:
    try:
        aside.rename(target)
    except OSError:
        if not (target / MANIFEST).is_file():
            raise
        remove_tree(aside)  # another build was first with the same file


def _not_unpacked(text: str) -> BuildError:
    short = "\n".join(line for line in text.splitlines() if line.strip())[-3000:]
    if "No space left" in text or "os error 28" in text:
        return BuildError(f"The disk is full.\n{short}", hint="Free space, then build again.")
    return BuildError(
        f"The locked files could not be unpacked.\n{short}",
        hint="A file is damaged or is no proper wheel. Leave its library out, or report it to its authors.",
    )


def _check_names(libraries: Sequence[LockedLibrary], found: dict[str, Distribution]) -> None:
    wanted = {(one.name, one.version) for one in libraries}
    there = {(one.name, one.version) for one in found.values()}
    if wanted != there:
        missing = ", ".join(f"{name} {version}" for name, version in sorted(wanted - there)) or "nothing"
        extra = ", ".join(f"{name} {version}" for name, version in sorted(there - wanted)) or "nothing"
        raise BuildError(
            f"What is installed is not what was locked: missing {missing}; not asked for {extra}.",
            hint="A package announces another name or version than its file. Leave it out, or report it.",
        )


def _overlapping(found: list[Distribution]) -> frozenset[str]:
    """Name the distributions that bring a path which another one brings too."""
    counted = Counter(path for one in found for path, _ in one.files)
    return frozenset(one.name for one in found if any(counted[path] > 1 for path, _ in one.files))


def compile_all(prefix: Path, request: ResolveRequest, store: Path, log_line: Callable[[str], None]) -> None:
    """Byte-compile what lies in a prefix: reproducible as far as Python allows, valid whatever the files' times."""
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
        log_line("Compiling took too long; what is not compiled is parsed at each start.")


def _compiled(source: str, tag: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


def _record_form(sha256: str) -> str:
    """Return a hash as RECORD writes it (PEP 376)."""
    return "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def _hashed(prefix: Path, path: str) -> tuple[int, str] | None:
    """Return size and SHA-256 of a file; None when there is none. Raises BuildError for what is no plain file."""
    if path.startswith("../"):
        raise BuildError(f"RECORD names {path[:200]!r}, outside of the tree.", hint="Leave its library out.")
    full = f"{prefix}/{path}"
    try:
        found = os.lstat(full)
        if not stat.S_ISREG(found.st_mode):
            raise BuildError(f"{path} is neither a file nor a folder.", hint="Leave its library out.")
        with open(full, "rb") as file:  # noqa: PTH123 - in a loop over thousands
            return found.st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _move(wheel: KeptWheel, prefix: Path, aside: Path) -> Path:
    """Move a wheel's files to `aside`, read-only, with its manifest."""
    remove_tree(aside)
    tree = aside / "tree"
    tree.mkdir(parents=True)
    made = {""}
    for path, _, _ in (*wheel.files, *wheel.compiled):
        folder = path.rpartition("/")[0]
        if folder not in made:
            os.makedirs(f"{tree}/{folder}", exist_ok=True)  # noqa: PTH103 - in a loop over thousands
            made.add(folder)
        source = f"{prefix}/{path}"
        mode = os.stat(source).st_mode  # noqa: PTH116 - as above
        os.chmod(source, 0o555 if mode & stat.S_IXUSR else 0o444)  # noqa: PTH101 - read-only is the point
        os.rename(source, f"{tree}/{path}")  # noqa: PTH104 - as above
    (aside / MANIFEST).write_text(json.dumps(wheel.to_dict()))
    (aside / MANIFEST).chmod(0o444)
    return aside
