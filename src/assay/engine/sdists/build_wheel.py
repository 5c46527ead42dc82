"""Building a wheel from a source distribution: only where the workspace allows it, and only in the sandbox.

Fetching runs no package code. The build backend runs confined: no network, no home, nothing writable but the
source's own folder and the output. What it needs (PEP 517, 518) comes as wheels, installed by us beforehand.
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
from assay.core.format_bytes import format_bytes
from assay.core.lock import File
from assay.engine.interface import Credentials, Job, ResolveRequest
from assay.engine.interpreters import find_base
from assay.engine.layout import remove_tree
from assay.engine.resolving.index_routing import index_of
from assay.engine.sandbox import isolation
from assay.engine.sandbox.limits import Sandbox

SECONDS = 1800.0  # that one build may take
MOST_FILES, MOST_BYTES = 100_000, 4 << 30  # of one source, unpacked
LARGEST_LISTING = 64 << 20  # bytes of an index's answer
JSON_LISTING = "application/vnd.pypi.simple.v1+json"
Installer = Callable[[ResolveRequest, Path], None]  # resolves and installs a request's libraries into a prefix


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source distribution that an index offers."""

    name: str
    version: str
    file: File


def offered_source(name: str, request: ResolveRequest, credentials: Credentials) -> Source:
    """Return the newest source distribution of a library that the request admits. Raises ResolutionError."""
    from assay.engine.fetching.network import Network  # noqa: PLC0415 - most builds need no sources

    address = f"{index_of(name, request).url}/{name}/"
    answer = Network((request.index, *request.sources), credentials).open(address, {"Accept": JSON_LISTING})
    listing = json.loads(answer.read(LARGEST_LISTING)) if answer.status == 200 else {"files": []}  # noqa: PLR2004 - OK
    admitted = SpecifierSet(",".join(str(one.specifier) for one in _asked(name, request)))
    found = []
    for entry in listing["files"]:
        try:
            told, version = parse_sdist_filename(entry["filename"])
        except InvalidSdistFilename:
            continue
        fits = SpecifierSet(entry.get("requires-python") or "").contains(f"{request.python}.99")
        if told == name and fits and not entry.get("yanked") and admitted.contains(version):
            found.append((version, entry))
    if not found:
        raise ResolutionError(
            f"{name} has neither a ready-made file nor a source that fits.", hint="Try another version of it."
        )
    version, entry = max(found, key=lambda one: one[0])
    file = File(
        name=entry["filename"],
        url=urljoin(address, entry["url"]),
        size=entry.get("size") or 0,
        sha256=entry["hashes"]["sha256"],
        uploaded=entry.get("upload-time") or "",
    )
    return Source(name=name, version=str(version), file=file)


def _asked(name: str, request: ResolveRequest) -> list[Requirement]:
    lines = (Requirement(line) for line in request.libraries + request.pins)
    return [one for one in lines if canonicalize_name(one.name) == name]


def wheel_from_source(file: File, job: Job, workdir: Path, install: Installer, log: Callable[[str], None]) -> Path:
    """Return the wheel of a source, building it when it is the first time. Raises BuildError.

    It is kept beside the wheel store by the source's content; `install` makes the build environment.
    """
    request = job.request
    kept = Path(job.paths.wheels) / ".from-source" / f"{file.sha256}-cp{request.python.replace('.', '')}"
    if kept.is_dir():
        return next(kept.glob("*.whl"))
    if isolation.isolation() != "bubblewrap":
        raise BuildError(
            f"{file.name} is a source; it is built only in bubblewrap, which does not work here.",
            hint="Install bubblewrap on the machine that builds, or choose a version that has a wheel.",
        )
    from assay.engine.fetching.fetch import fetch  # noqa: PLC0415 - as above
    from assay.engine.fetching.network import Network  # noqa: PLC0415 - as above

    folder = workdir / f"source-{file.sha256[:12]}"
    remove_tree(folder)
    try:
        network = Network((request.index, *request.sources), job.credentials)
        fetch([file], folder / "fetched", network, _nothing)
        root = _extract(folder / "fetched" / file.name, folder / "tree")
        log(f"Building {file.name} from its source, confined.")
        made = _build(root, folder, job, install)
        aside = kept.with_name(f".{kept.name}-{workdir.name}")
        aside.mkdir(parents=True)
        shutil.move(made, aside / made.name)
        aside.rename(kept)
    finally:
        remove_tree(folder)
    return next(kept.glob("*.whl"))


def _nothing(count: int, *, whole: bool) -> None:
    del count, whole


def _extract(archive: Path, target: Path) -> Path:
    """Unpack a source with limits and without ways out; return its one top folder."""
    target.mkdir(parents=True)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                _check_amount(archive, [one.file_size for one in packed.infolist()])
                packed.extractall(target)  # noqa: S202 - zipfile itself removes ways out of the target
        else:
            with tarfile.open(archive) as packed_tar:
                _check_amount(archive, [one.size for one in packed_tar.getmembers()])
                _extract_tar(packed_tar, target)
    except (tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        raise BuildError(f"{archive.name} cannot be unpacked: {error}", hint="Leave this library out.") from error
    tops = [one for one in target.iterdir() if one.is_dir()]
    if len(tops) != 1:
        raise BuildError(f"{archive.name} is no source distribution.", hint="Leave this library out.")
    return tops[0]


def _extract_tar(packed: tarfile.TarFile, target: Path) -> None:
    """Write files and folders, and nothing else; the standard library's own filter is not in every Python 3.11."""
    for member in packed.getmembers():
        place = target / member.name
        if member.name.startswith("/") or ".." in Path(member.name).parts or not (member.isdir() or member.isreg()):
            raise tarfile.TarError(f"{member.name[:200]!r} leads out of the source, or is no file")
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        content = packed.extractfile(member)
        if content is not None:
            with content, place.open("wb") as written:
                shutil.copyfileobj(content, written)
            place.chmod(0o755 if member.mode & 0o100 else 0o644)


def _check_amount(archive: Path, sizes: list[int]) -> None:
    if len(sizes) > MOST_FILES or sum(sizes) > MOST_BYTES:
        raise BuildError(
            f"{archive.name} would unpack to {len(sizes):,} files, {format_bytes(sum(sizes))}.",
            hint="Leave this library out.",
        )


def _build(root: Path, folder: Path, job: Job, install: Installer) -> Path:
    system = _build_system(root)
    needs = [str(one) for one in system.get("requires", ())]
    backend = str(system.get("build-backend", "setuptools.build_meta:__legacy__"))
    path = os.pathsep.join(str(root / one) for one in system.get("backend-path", ()))
    prefix, output = folder / "prefix", folder / "output"
    output.mkdir()
    _install(needs, prefix, job, install)
    ask = _Asking(job, prefix, root, output)
    more = [str(one) for one in ask(["needs", backend, path, str(output)])]
    if more:
        remove_tree(prefix)
        _install(needs + more, prefix, job, install)
    made = output / Path(str(ask(["wheel", backend, path, str(output)]))).name
    if not made.is_file() or made.suffix != ".whl":
        raise BuildError("The build backend made no wheel.", hint="Leave this library out, or report it.")
    return made


def _build_system(root: Path) -> dict[str, Any]:
    """Return `[build-system]` of pyproject.toml; sources without one are built as they were before PEP 518."""
    described = root / "pyproject.toml"
    found: dict[str, Any] = {}
    if described.is_file():
        found = tomllib.loads(described.read_text(encoding="utf-8", errors="replace")).get("build-system", {})
    return found or {"requires": ["setuptools>=40.8", "wheel"]}


def _install(needs: list[str], prefix: Path, job: Job, install: Installer) -> None:
    try:
        lines = tuple(str(Requirement(one)) for one in needs if Requirement(one).url is None)
        install(replace(job.request, libraries=lines, pins=(), allow_sources=False), prefix)
    except (ValueError, AssayError) as error:
        raise BuildError(f"What the source needs to be built cannot be had: {error}", hint="Leave it out.") from error


class _Asking:
    """Asks a build backend in the sandbox."""

    def __init__(self, job: Job, prefix: Path, root: Path, output: Path) -> None:
        self._prefix, self._root = prefix, root
        self._sandbox = Sandbox(job, prefix, find_base(job.request.python_path), writable=(str(root), str(output)))

    def __call__(self, arguments: list[str]) -> Any:  # noqa: ANN401 - what backends answer
        hook = str(Path(__file__).with_name("build_backend.py"))
        argv = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(self._root)]
        ended = self._sandbox.run([*argv, str(self._prefix / "bin" / "python"), hook, *arguments], "", SECONDS)
        lines = [line for line in ended.output.splitlines() if line.startswith('{"answer"')]
        if ended.code != 0 or not lines:
            why = ended.broken or ended.errors.strip()[-1500:] or "it gave no reason"
            raise BuildError(f"The source could not be built: {why}", hint="Choose a version that has a wheel.")
        return json.loads(lines[-1])["answer"]
