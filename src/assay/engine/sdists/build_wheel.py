"""Building a wheel from a source distribution (sdist): only if the workspace allows it, and in the sandbox.

Fetching runs no package code. The build backend runs in the sandbox, without network and home directory; it can
write only to the folder of the sdist and to the output folder. Its build requirements (PEP 517, PEP 518) are
installed beforehand, from wheels.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename

from assay.core.errors import AssayError, BuildError, ResolutionError
from assay.core.formatting import format_bytes
from assay.core.lock import File
from assay.engine.interface import Credentials, Job, LogLine, ResolveRequest
from assay.engine.interpreters import find_base
from assay.engine.layout import remove_tree
from assay.engine.resolving.index_routing import index_of
from assay.engine.sandbox import isolation
from assay.engine.sandbox.limits import Sandbox

BUILD_SECONDS = 1800.0  # time limit of each call of a build backend
MAX_FILES, MAX_BYTES = 100_000, 4 << 30  # of one sdist, unpacked
MAX_LISTING = 64 << 20  # bytes of an index's page of one project
JSON_LISTING = "application/vnd.pypi.simple.v1+json"
InstallInto = Callable[[ResolveRequest, Path], None]  # resolves a request and installs its lock into a prefix


@dataclass(frozen=True, kw_only=True)
class Sdist:
    """A source distribution on an index."""

    name: str
    version: str
    file: File


def find_sdist(name: str, request: ResolveRequest, credentials: Credentials) -> Sdist:
    """Return the newest sdist of a library that satisfies the request. Raises ResolutionError."""
    from assay.engine.fetching.network import Network  # noqa: PLC0415 - most builds need no sdist

    address = f"{index_of(name, request).url}/{name}/"
    response = Network((request.index, *request.other_indexes), credentials).open(address, {"Accept": JSON_LISTING})
    listing = json.loads(response.read(MAX_LISTING)) if response.status == 200 else {"files": []}  # noqa: PLR2004 - OK
    allowed = SpecifierSet(",".join(str(one.specifier) for one in _requirements_of(name, request)))
    found = []
    for entry in listing["files"]:
        try:
            project, version = parse_sdist_filename(entry["filename"])
        except InvalidSdistFilename:
            continue
        fits = SpecifierSet(entry.get("requires-python") or "").contains(f"{request.python}.99")
        if project == name and fits and not entry.get("yanked") and allowed.contains(version):
            found.append((version, entry))
    if not found:
        raise ResolutionError(
            f"{name} has no wheel and no source distribution for this request.", hint="Try another version of it."
        )
    version, entry = max(found, key=lambda one: one[0])
    file = File(
        name=entry["filename"],
        url=urljoin(address, entry["url"]),
        size=entry.get("size") or 0,
        sha256=entry["hashes"]["sha256"],
        uploaded=entry.get("upload-time") or "",
    )
    return Sdist(name=name, version=str(version), file=file)


def _requirements_of(name: str, request: ResolveRequest) -> list[Requirement]:
    lines = (Requirement(line) for line in request.libraries + request.pins)
    return [one for one in lines if canonicalize_name(one.name) == name]


def wheel_from_sdist(file: File, job: Job, workdir: Path, install_into: InstallInto, log_line: LogLine) -> Path:
    """Return the wheel of an sdist, building it unless an earlier build stored it. Raises BuildError.

    It is stored beside the wheel store under the hash of the sdist; `install_into` makes the build environment.
    """
    request = job.request
    stored = Path(job.paths.wheels) / ".from-source" / f"{file.sha256}-cp{request.python.replace('.', '')}"
    if stored.is_dir():
        return next(stored.glob("*.whl"))
    if isolation.isolation() != "bubblewrap":
        raise BuildError(
            f"{file.name} must be built in bubblewrap, which does not work on this machine.",
            hint="Install bubblewrap on the build machine, or choose a version that has a wheel.",
        )
    from assay.engine.fetching.fetch import fetch  # noqa: PLC0415 - as above
    from assay.engine.fetching.network import Network  # noqa: PLC0415 - as above

    folder = workdir / f"sdist-{file.sha256[:12]}"
    remove_tree(folder)
    try:
        network = Network((request.index, *request.other_indexes), job.credentials)
        fetch([file], folder / "fetched", network, _no_progress)
        root = _extract(folder / "fetched" / file.name, folder / "tree")
        log_line(f"Building a wheel from {file.name} in the sandbox.")
        wheel = _build(root, folder, job, install_into)
        temporary = stored.with_name(f".{stored.name}-{workdir.name}")
        temporary.mkdir(parents=True)
        shutil.move(wheel, temporary / wheel.name)
        temporary.rename(stored)
    finally:
        remove_tree(folder)
    return next(stored.glob("*.whl"))


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


def _build(root: Path, folder: Path, job: Job, install_into: InstallInto) -> Path:
    system = _build_system(root)
    requires = [str(one) for one in system.get("requires", ())]
    backend = str(system.get("build-backend", "setuptools.build_meta:__legacy__"))
    path = os.pathsep.join(str(root / one) for one in system.get("backend-path", ()))
    prefix, output = folder / "prefix", folder / "output"
    output.mkdir()
    _install_requires(requires, prefix, job, install_into)
    call_backend = _BackendCall(job, prefix, root, output)
    dynamic = [str(one) for one in call_backend(["requires", backend, path, str(output)])]
    if dynamic:
        remove_tree(prefix)
        _install_requires(requires + dynamic, prefix, job, install_into)
    wheel = output / Path(str(call_backend(["wheel", backend, path, str(output)]))).name
    if not wheel.is_file() or wheel.suffix != ".whl":
        raise BuildError("The build backend made no wheel.", hint="Remove this library, or report it to its authors.")
    return wheel


def _build_system(root: Path) -> dict[str, Any]:
    """Return `[build-system]` of pyproject.toml; without one, the setuptools default of PEP 518."""
    pyproject = root / "pyproject.toml"
    found: dict[str, Any] = {}
    if pyproject.is_file():
        found = tomllib.loads(pyproject.read_text(encoding="utf-8", errors="replace")).get("build-system", {})
    return found or {"requires": ["setuptools>=40.8", "wheel"]}


def _install_requires(requires: list[str], prefix: Path, job: Job, install_into: InstallInto) -> None:
    try:
        lines = tuple(str(Requirement(one)) for one in requires if Requirement(one).url is None)
        install_into(replace(job.request, libraries=lines, pins=(), allow_sdists=False), prefix)
    except (ValueError, AssayError) as error:
        raise BuildError(
            f"The build requirements of the source distribution cannot be installed: {error}",
            hint="Remove this library.",
        ) from error


class _BackendCall:
    """Calls hooks of a build backend in the sandbox."""

    def __init__(self, job: Job, prefix: Path, root: Path, output: Path) -> None:
        self._prefix, self._root = prefix, root
        self._sandbox = Sandbox(job, prefix, find_base(job.request.python_path), writable=(str(root), str(output)))

    def __call__(self, arguments: list[str]) -> Any:  # noqa: ANN401 - what hooks return
        hook = str(Path(__file__).with_name("build_backend.py"))
        argv = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(self._root)]
        ended = self._sandbox.run([*argv, str(self._prefix / "bin" / "python"), hook, *arguments], "", BUILD_SECONDS)
        lines = [line for line in ended.output.splitlines() if line.startswith('{"result"')]
        if ended.code != 0 or not lines:
            why = ended.exceeded or ended.errors.strip()[-1500:] or "it gave no reason"
            raise BuildError(f"The build backend failed: {why}", hint="Choose a version that has a wheel.")
        return json.loads(lines[-1])["result"]
