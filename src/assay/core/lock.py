"""The result of a resolution: every library, version, file hash and index, as a PEP 751 `pylock.toml`.

The digest is the version's identity: SHA-256 over the canonical form, which lists what gets installed
and nothing else (one line per file, sorted). The requester and the dependencies are not part of the
identity, so equal files are equal locks.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, kw_only=True)
class File:
    """The one file from which a library is installed. `size` is in bytes, `uploaded` is ISO 8601 or ''."""

    name: str
    url: str
    size: int
    sha256: str
    uploaded: str = ""

    @property
    def is_wheel(self) -> bool:
        """Return whether the file is a wheel, so that nothing has to be built."""
        return self.name.endswith(".whl")


@dataclass(frozen=True, kw_only=True)
class LockedLibrary:
    """One library of a lock. `dependencies` are normalised names of other libraries in the lock."""

    name: str
    version: str
    index: str
    file: File
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lock:
    """All libraries to install, for one Python version (`3.11`) and platform (`linux-x86_64`)."""

    python: str
    platform: str
    libraries: tuple[LockedLibrary, ...] = field(default=())

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical form."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @cached_property
    def by_name(self) -> dict[str, LockedLibrary]:
        """The libraries by normalised name."""
        return {library.name: library for library in self.libraries}

    @property
    def download_size(self) -> int:
        """The size of all files, in bytes."""
        return sum(library.file.size for library in self.libraries)

    def canonical(self) -> str:
        """Return the canonical form, whose SHA-256 is the digest."""
        head = f"assay-lock 1\npython {self.python}\nplatform {self.platform}\n"
        lines = (
            f"{library.name} {library.version} {library.index} {library.file.name} sha256:{library.file.sha256}\n"
            for library in sorted(self.libraries, key=lambda one: one.name)
        )
        return head + "".join(lines)

    def why(self, direct: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Map each library to the shortest chain from a direct one: `('a', 'b')` reads "via a → b".

        Direct libraries map to `()`. Libraries that no direct one requires (e.g. pins of a base) are left out.
        """
        chains: dict[str, tuple[str, ...]] = {name: () for name in direct if name in self.by_name}
        frontier = list(chains)
        while frontier:
            following: list[str] = []
            for name in frontier:
                for needed in self.by_name[name].dependencies:
                    if needed not in chains and needed in self.by_name:
                        chains[needed] = (*chains[name], name)
                        following.append(needed)
            frontier = following
        return chains

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `Lock.from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Lock:
        """Read what `to_dict` wrote."""
        libraries = tuple(
            LockedLibrary(**{**one, "file": File(**one["file"]), "dependencies": tuple(one["dependencies"])})
            for one in stored["libraries"]
        )
        return cls(python=stored["python"], platform=stored["platform"], libraries=libraries)

    def to_toml(self) -> str:
        """Return a PEP 751 document that any installer reads; `Lock.from_toml` reads it back."""
        lines = [
            'lock-version = "1.0"',
            'created-by = "assay"',
            f'requires-python = "=={self.python}.*"',
            "",
        ]
        for library in sorted(self.libraries, key=lambda one: one.name):
            lines += _package(library)
        lines += ["[tool.assay]", f"python = {_q(self.python)}", f"platform = {_q(self.platform)}", ""]
        return "\n".join(lines)

    @classmethod
    def from_toml(cls, text: str) -> Lock:
        """Read what `to_toml` wrote. Raises KeyError or ValueError on anything else."""
        document = tomllib.loads(text)
        own = document["tool"]["assay"]
        libraries = tuple(_library(package) for package in document.get("packages", ()))
        return cls(python=own["python"], platform=own["platform"], libraries=libraries)


def _package(library: LockedLibrary) -> list[str]:
    file = library.file
    entry = f"url = {_q(file.url)}, "
    if file.uploaded:
        entry += f"upload-time = {file.uploaded}, "
    entry += f"size = {file.size}, hashes = {{ sha256 = {_q(file.sha256)} }}"
    lines = ["[[packages]]", f"name = {_q(library.name)}", f"version = {_q(library.version)}"]
    lines.append(f"index = {_q(library.index)}")
    if library.dependencies:
        lines.append(f"dependencies = [{', '.join(f'{{ name = {_q(one)} }}' for one in library.dependencies)}]")
    lines.append(f"wheels = [{{ {entry} }}]" if file.is_wheel else f"sdist = {{ {entry} }}")
    return [*lines, ""]


def _library(package: dict[str, Any]) -> LockedLibrary:
    entry = package["wheels"][0] if package.get("wheels") else package["sdist"]
    uploaded = entry.get("upload-time")
    return LockedLibrary(
        name=package["name"],
        version=package["version"],
        index=package.get("index", ""),
        dependencies=tuple(one["name"] for one in package.get("dependencies", ())),
        file=File(
            name=file_name(entry["url"]),
            url=entry["url"],
            size=entry.get("size", 0),
            sha256=entry["hashes"]["sha256"],
            uploaded=uploaded.isoformat().replace("+00:00", "Z") if uploaded else "",
        ),
    )


def file_name(url: str) -> str:
    """Return the last part of a URL's path, decoded."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def _q(text: str) -> str:
    """Return a TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(text, ensure_ascii=False)
