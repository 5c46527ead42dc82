"""The dependencies of a source distribution, read from its files without running its code."""

from __future__ import annotations

import email
import json
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from assay.engine.fetching.fetch import fetch
from assay.engine.fetching.network import Network
from assay.engine.interface import Credentials, EnginePaths, ResolveRequest
from assay.engine.layout import write_json
from assay.engine.sdists.candidates import Sdist
from assay.engine.wheel_store.store import FROM_SOURCE

MAX_ARCHIVE = 50 << 20  # bytes of an sdist that a preview fetches; of a larger one it knows nothing
MAX_FILE = 4 << 20  # bytes of one file of metadata
MAX_MEMBERS = 50_000  # that are looked through
STATIC = Version("2.2")  # the first version of metadata that says what is dynamic (PEP 643)


@dataclass(frozen=True, kw_only=True)
class SdistMetadata:
    """What an sdist needs. `certain`: its metadata promises that a build does not change it (PEP 643, PEP 621)."""

    requires: tuple[str, ...] = ()
    certain: bool = False


def metadata_of(
    sdist: Sdist, request: ResolveRequest, paths: EnginePaths, workdir: Path, credentials: Credentials
) -> SdistMetadata:
    """Return the metadata of an sdist, which is fetched once; unknown for a very large one. Raises BuildError."""
    known = Path(paths.wheels) / FROM_SOURCE / f"{sdist.file.sha256}-metadata" / "metadata.json"
    if known.is_file():
        stored = json.loads(known.read_text())
        return SdistMetadata(requires=tuple(stored["requires"]), certain=stored["certain"])
    if sdist.file.size > MAX_ARCHIVE:
        return SdistMetadata()
    folder = workdir / f"sdist-{sdist.file.sha256[:12]}"
    fetch([sdist.file], folder, Network((request.index, *request.other_indexes), credentials), _no_progress)
    found = read_metadata(folder / sdist.file.name)
    known.parent.mkdir(parents=True, exist_ok=True)
    write_json(known, asdict(found))
    return found


def _no_progress(count: int, *, complete: bool) -> None:
    del count, complete


def read_metadata(archive: Path) -> SdistMetadata:
    """Return the metadata of an archive; unknown when it cannot be read."""
    try:
        files = dict(_files(archive))
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError):
        return SdistMetadata()
    package = email.message_from_string(files.get("PKG-INFO", ""))
    declared = tuple(package.get_all("Requires-Dist", []))
    if _is_static(package):
        return _checked(declared, certain=True)
    project = _project(files.get("pyproject.toml", ""))
    if project is not None:
        return _checked(project, certain=True)
    return _checked(declared or _from_requires(files.get("requires.txt", "")), certain=False)


def _is_static(package: Any) -> bool:  # noqa: ANN401 - an email.message.Message
    dynamic = {str(one).strip().lower() for one in package.get_all("Dynamic", [])}
    try:
        return Version(str(package.get("Metadata-Version", "0"))) >= STATIC and "requires-dist" not in dynamic
    except InvalidVersion:
        return False


def _project(text: str) -> tuple[str, ...] | None:
    """Return the dependencies of `[project]` in pyproject.toml, None where they are dynamic or not there."""
    try:
        project = tomllib.loads(text).get("project", {})
        dynamic = set(project.get("dynamic", ()))
        if "name" not in project or dynamic & {"dependencies", "optional-dependencies"}:
            return None
        lines = [str(one) for one in project.get("dependencies", ())]
        for extra, more in project.get("optional-dependencies", {}).items():
            lines += [_with_marker(str(one), f'extra == "{extra}"') for one in more]
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):
        return None
    return tuple(lines)


def _from_requires(text: str) -> tuple[str, ...]:
    """Return the requirements of setuptools' requires.txt: sections are `[extra:marker]`."""
    lines, marker = [], ""
    for line in filter(None, map(str.strip, text.splitlines())):
        section = re.fullmatch(r"\[([^:\]]*):?(.*)\]", line)
        if section:
            parts = [f'extra == "{section[1]}"' if section[1] else "", f"({section[2]})" if section[2] else ""]
            marker = " and ".join(filter(None, parts))
        else:
            lines.append(_with_marker(line, marker))
    return tuple(lines)


def _with_marker(line: str, marker: str) -> str:
    body, _, own = line.partition(";")
    markers = [f"({one.strip()})" for one in (own, marker) if one.strip()]
    return f"{body.strip()} ; {' and '.join(markers)}" if markers else body


def _checked(lines: tuple[str, ...], *, certain: bool) -> SdistMetadata:
    """Return the valid requirements (PEP 508); one that is not makes the metadata uncertain."""
    valid = []
    for line in lines:
        try:
            valid.append(str(Requirement(line)))
        except InvalidRequirement:
            certain = False
    return SdistMetadata(requires=tuple(valid), certain=certain)


def _files(archive: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of the files of metadata, those of the top folder and of its `.egg-info`."""
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            for one in packed.infolist()[:MAX_MEMBERS]:
                if (name := _wanted(one.filename)) and one.file_size <= MAX_FILE:
                    with packed.open(one) as file:
                        yield name, _text(file)
        return
    with tarfile.open(archive) as tar:
        for number, member in enumerate(tar):
            if number >= MAX_MEMBERS:
                return
            if member.isreg() and member.size <= MAX_FILE and (name := _wanted(member.name)):
                content = tar.extractfile(member)
                if content is not None:
                    with content:
                        yield name, _text(content)


def _wanted(path: str) -> str:
    parts = path.removeprefix("./").split("/")
    if len(parts) == 2 and parts[1] in {"PKG-INFO", "pyproject.toml"}:  # noqa: PLR2004 - the top folder and the file
        return parts[1]
    return "requires.txt" if len(parts) <= 4 and path.endswith(".egg-info/requires.txt") else ""  # noqa: PLR2004 - below src/


def _text(file: IO[bytes]) -> str:
    return file.read(MAX_FILE).decode("utf-8", "replace")
