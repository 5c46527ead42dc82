"""A wheel with nothing but the metadata of a source distribution, so that uv resolves with it in a preview."""

from __future__ import annotations

import zipfile
from pathlib import Path

from assay.core.errors import BuildError
from assay.engine.interface import Credentials, EnginePaths, ResolveRequest
from assay.engine.sdists.candidates import Sdist
from assay.engine.sdists.metadata import SdistMetadata, metadata_of


def stand_in(
    sdist: Sdist, request: ResolveRequest, paths: EnginePaths, workdir: Path, credentials: Credentials
) -> tuple[Path, bool]:
    """Return a wheel with the metadata of an sdist, and whether that metadata is certain."""
    try:
        found = metadata_of(sdist, request, paths, workdir, credentials)
    except BuildError:  # it cannot be fetched now; the build says why
        found = SdistMetadata()
    return write_wheel(sdist.name, sdist.version, found.requires, workdir), found.certain


def write_wheel(name: str, version: str, requires: tuple[str, ...], folder: Path) -> Path:
    """Write a wheel that requires lines and contains no code, and return its path."""
    stem = f"{name.replace('-', '_')}-{version}"
    lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}"
    wheel = "Wheel-Version: 1.0\nGenerator: assay\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for member, text in (("METADATA", metadata), ("WHEEL", wheel), ("RECORD", "")):
            packed.writestr(f"{stem}.dist-info/{member}", text)
    return path
