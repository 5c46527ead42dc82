"""Building a wheel from a source distribution (sdist): only if the workspace allows it, and in the sandbox.

Fetching runs no package code. The build backend runs in the sandbox, without network and home directory; it can
write only to the folder of the sdist and to the output folder. Its build requirements (PEP 517, PEP 518) are
installed beforehand, from wheels. Time and memory are limited; what it writes is shown in the log of the build.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from assay.core.errors import AssayError, BuildError
from assay.core.formatting import format_bytes, format_memory
from assay.core.lock import File, Lock
from assay.core.no_wheel import source_only
from assay.engine.interface import Job, LogLine, ResolveRequest
from assay.engine.layout import remove_tree
from assay.engine.sandbox import isolation
from assay.engine.sandbox.limits import Sandbox
from assay.engine.sdists.failures import LogTail, explain_failure
from assay.engine.sdists.stored import one_build, store_wheel, stored_wheel

MAX_FILES, MAX_BYTES = 100_000, 4 << 30  # of one sdist, unpacked
InstallInto = Callable[[ResolveRequest, Path], Lock]  # resolves a request and installs its lock into a prefix


def wheel_from_sdist(file: File, job: Job, workdir: Path, install_into: InstallInto, log_line: LogLine) -> Path:
    """Return the wheel of an sdist, building it unless an earlier build stored it. Raises BuildError.

    `install_into` makes the build environment. Two builds at once do not build the same sdist: the second one waits.
    """
    python = job.request.python
    with one_build(job.paths, file.sha256, python):
        stored = stored_wheel(job.paths, file.sha256, python)
        if stored is not None:
            log_line(f"{file.name} was built before; reusing its wheel {stored.name}.")
            return stored
        if isolation.isolation() != "bubblewrap":
            refused = source_only(file.name, "", sandboxed=False)
            raise BuildError(refused.detail if refused else "", hint=refused.hint if refused else "")
        folder = workdir / f"sdist-{file.sha256[:12]}"
        remove_tree(folder)
        try:
            return _build_and_store(file, folder, job, install_into, log_line)
        finally:
            remove_tree(folder)


def _build_and_store(file: File, folder: Path, job: Job, install_into: InstallInto, log_line: LogLine) -> Path:
    from assay.engine.fetching.fetch import fetch  # noqa: PLC0415 - most builds need no sdist
    from assay.engine.fetching.network import Network  # noqa: PLC0415 - as above

    started = time.monotonic()
    network = Network((job.request.index, *job.request.other_indexes), job.credentials)
    fetch([file], folder / "fetched", network, _no_progress)
    root = _extract(folder / "fetched" / file.name, folder / "tree")
    limits = f"{job.sdist_seconds / 60:g} minutes and {format_memory(job.sdist_memory)} of memory"
    log_line(f"Building a wheel from {file.name} in the sandbox: no network, at most {limits}.")
    built = _SdistBuild(file=file, root=root, folder=folder, job=job, install_into=install_into, log_line=log_line)
    wheel = built.run()
    seconds = time.monotonic() - started
    log_line(
        f"Built {wheel.name} in {seconds:.0f} s, with {', '.join(built.requirements) or 'no build requirement'}."
    )
    facts = {"sdist": file.name, "built_with": built.requirements, "seconds": round(seconds, 1)}
    return store_wheel(job.paths, file.sha256, job.request.python, wheel, facts)


def _no_progress(count: int, *, complete: bool) -> None:
    del count, complete


def _extract(archive: Path, target: Path) -> Path:
    """Unpack an sdist within limits and inside the target only; return its single top folder."""
    target.mkdir(parents=True)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                _check_limits(archive, [one.file_size for one in packed.infolist()])
                packed.extractall(target)  # noqa: S202 - zipfile itself keeps members inside the target
        else:
            with tarfile.open(archive) as packed_tar:
                _check_limits(archive, [one.size for one in packed_tar.getmembers()])
                _extract_tar(packed_tar, target)
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise BuildError(f"{archive.name} cannot be unpacked: {error}", hint="Remove this library.") from error
    tops = [one for one in target.iterdir() if one.is_dir()]
    if len(tops) != 1:
        raise BuildError(f"{archive.name} is not a source distribution.", hint="Remove this library.")
    return tops[0]


def _extract_tar(packed: tarfile.TarFile, target: Path) -> None:
    """Extract regular files and folders only; early releases of Python 3.11 lack tarfile's own filters."""
    for member in packed.getmembers():
        path = target / member.name
        if member.name.startswith("/") or ".." in Path(member.name).parts or not (member.isdir() or member.isreg()):
            raise tarfile.TarError(f"{member.name[:200]!r} leads outside of the archive, or is not a regular file")
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        content = packed.extractfile(member)
        if content is not None:
            with content, path.open("wb") as written:
                shutil.copyfileobj(content, written)
            path.chmod(0o755 if member.mode & 0o100 else 0o644)


def _check_limits(archive: Path, sizes: list[int]) -> None:
    if len(sizes) > MAX_FILES or sum(sizes) > MAX_BYTES:
        raise BuildError(
            f"{archive.name} would unpack to {len(sizes):,} files, {format_bytes(sum(sizes))}.",
            hint="Remove this library.",
        )


def _build_system(root: Path) -> dict[str, Any]:
    """Return `[build-system]` of pyproject.toml; without one, the setuptools default of PEP 518."""
    pyproject = root / "pyproject.toml"
    found: dict[str, Any] = {}
    if pyproject.is_file():
        try:
            text = pyproject.read_text(encoding="utf-8", errors="replace")
            found = tomllib.loads(text).get("build-system", {})
        except tomllib.TOMLDecodeError as error:
            raise BuildError(f"Its pyproject.toml cannot be read: {error}", hint="Choose another version.") from error
    return found or {"requires": ["setuptools>=40.8", "wheel"]}


@dataclass(kw_only=True)
class _SdistBuild:
    """One build of an unpacked sdist. `requirements` are what it was built with, `name version` each."""

    file: File
    root: Path
    folder: Path
    job: Job
    install_into: InstallInto
    log_line: LogLine
    requirements: list[str] = field(default_factory=list)

    def run(self) -> Path:
        """Return the built wheel. Raises BuildError."""
        system = _build_system(self.root)
        requires = [str(one) for one in system.get("requires", ())]
        backend = str(system.get("build-backend", "setuptools.build_meta:__legacy__"))
        path = os.pathsep.join(str(self.root / one) for one in system.get("backend-path", ()))
        output = self.folder / "output"
        output.mkdir()
        self._install(requires)
        dynamic = [str(one) for one in self._call(["requires", backend, path, str(output)], output)]
        if dynamic:
            remove_tree(self._prefix)
            self._install(requires + dynamic)
        wheel = output / Path(str(self._call(["wheel", backend, path, str(output)], output))).name
        self._check(wheel)
        return wheel

    @property
    def _prefix(self) -> Path:
        return self.folder / "prefix"

    def _install(self, requires: list[str]) -> None:
        """Install build requirements, from wheels only: nothing is built to build something else."""
        try:
            lines = tuple(str(Requirement(one)) for one in requires if Requirement(one).url is None)
            request = replace(self.job.request, libraries=lines, pins=(), allow_sdists=False)
            lock = self.install_into(request, self._prefix)
        except (ValueError, AssayError) as error:
            raise BuildError(
                f"The build requirements of {self.file.name} cannot be installed from wheels: {error}",
                hint="Choose a version that has a wheel, or remove this library.",
            ) from error
        self.requirements = [f"{one.name} {one.version}" for one in lock.libraries]

    def _call(self, arguments: list[str], output: Path) -> Any:  # noqa: ANN401 - what hooks return
        """Call a hook of the build backend in the sandbox, with its output in the log."""
        hook = str(Path(__file__).with_name("build_backend.py"))
        argv = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(self.root)]
        argv += [str(self._prefix / "bin" / "python"), hook, *arguments]
        sandbox = Sandbox(self.job, self._prefix, writable=(str(self.root), str(output)))
        kept = LogTail(self.log_line)
        seconds, memory = self.job.sdist_seconds, self.job.sdist_memory
        ended = sandbox.run(argv, "", seconds, memory=memory, on_error_line=kept.add)
        if ended.exceeded:
            raise BuildError(
                f"The build of {self.file.name} was ended: {ended.exceeded}, the limit of builds from source.",
                hint="Whoever runs this installation can raise the limit (ASSAY_SDIST_MINUTES, ASSAY_SDIST_MEMORY). "
                "Or choose a version that has a wheel.",
            )
        lines = [line for line in ended.output.splitlines() if line.startswith('{"result"')]
        if ended.code != 0 or not lines:
            detail, hint = explain_failure(self.file.name, kept.text or ended.errors)
            raise BuildError(detail, hint=hint)
        return json.loads(lines[-1])["result"]

    def _check(self, wheel: Path) -> None:
        """Raise BuildError unless the wheel is one of this library and version."""
        if not wheel.is_file() or wheel.suffix != ".whl":
            raise BuildError(
                f"The build backend of {self.file.name} made no wheel.",
                hint="Remove this library, or report it to its authors.",
            )
        try:
            made = parse_wheel_filename(wheel.name)[:2]
        except InvalidWheelFilename:
            made = None
        if made != parse_sdist_filename(self.file.name):
            raise BuildError(
                f"{self.file.name} built {wheel.name}, which is another library or version.",
                hint="Remove this library, or report it to its authors.",
            )
