"""Installing Pythons by uv: from a mirror, or without network from a folder of archives."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.core.errors import UnavailableError
from assay.engine import uv

SECONDS = 1800.0  # for one installation
LIST_SECONDS = 30.0  # for the list of those that can be installed
# The names of python-build-standalone: cpython-3.12.5+20240726-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz
ARCHIVE = re.compile(
    r"cpython-(\d+)\.(\d+)\.(\d+)\+(\d+)-(\w+?)(?:_v\d)?-unknown-linux-(gnu|musl)-install_only(?:_stripped)?\.tar\.(?:gz|zst)"
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where Pythons come from: the `address` of a mirror ('' for uv's own), or a `folder` of archives."""

    address: str = ""
    folder: Path | None = None


def installable(source: Source, *, cache: str) -> tuple[str, ...]:
    """Return the versions of CPython that can be installed, newest first. Of a folder, those of its archives."""
    Path(cache).mkdir(parents=True, exist_ok=True)
    if source.folder is not None:
        found = {one["version"] for one in _archives(source.folder)}
    else:
        arguments = ["python", "list", "--only-downloads", "--all-versions", "--output-format", "json", "--offline"]
        listed = uv.run(
            arguments, cache=cache, cwd=str(Path(cache).parent), timeout=LIST_SECONDS, downloads_pythons=True
        )
        try:
            rows = json.loads(listed.text)
        except ValueError as error:
            raise UnavailableError(
                f"uv does not list the Pythons that it can install: {listed.text[-300:]}", hint="Try again."
            ) from error
        found = {row["version"] for row in rows if row["implementation"] == "cpython" and row["variant"] == "default"}
    final = (one for one in found if re.fullmatch(r"\d+\.\d+\.\d+", one))
    return tuple(sorted(final, key=lambda one: tuple(map(int, one.split("."))), reverse=True))


def install(
    version: str, target: Path, source: Source, *, cache: str, workdir: Path, log_line: Callable[[str], None]
) -> None:
    """Install a version (`3.12`: its newest patch release, or `3.12.5`) below a folder. Raises UnavailableError.

    uv verifies the archive; an installation that is there already stays as it is.
    """
    target.mkdir(parents=True, exist_ok=True)
    arguments = ["python", "install", f"cpython@{version}", "--no-bin", "--install-dir", str(target)]
    if source.folder is not None:
        listing = workdir / "downloads.json"
        listing.write_text(json.dumps({one["key"]: one["entry"] for one in _archives(source.folder)}))
        arguments += ["--python-downloads-json-url", str(listing), "--offline"]
    elif source.address:
        arguments += ["--mirror", source.address]
    log_line(f"Downloading and unpacking Python {version} …")
    finished = uv.run(
        arguments, cache=cache, cwd=str(workdir), timeout=SECONDS, log_line=log_line, downloads_pythons=True
    )
    os.utime(target)  # so that every process looks for it
    if finished.code:
        raise _failed(version, source, finished.text)


def _archives(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield version and entry of uv's list of downloads for each archive for this machine below a folder."""
    libc = "musl" if platform.libc_ver()[0] == "" else "gnu"
    for path in sorted(folder.rglob("cpython-*")):
        found = ARCHIVE.fullmatch(path.name)
        if found is None or found[5] != platform.machine() or found[6] != libc:
            continue
        major, minor, patch = (int(found[number]) for number in (1, 2, 3))
        version = f"{major}.{minor}.{patch}"
        entry = {
            "name": "cpython",
            "arch": {"family": found[5], "variant": None},
            "os": "linux",
            "libc": libc,
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": path.resolve().as_uri().replace("%2B", "+"),
            "sha256": _sha256(path),
            "variant": None,
            "build": found[4],
        }
        yield {"version": version, "key": f"cpython-{version}-linux-{found[5]}-{libc}", "entry": entry}


def _sha256(path: Path) -> str | None:
    """Return the hash that `SHA256SUMS` beside an archive, as its publisher writes it, lists; None without one."""
    sums = path.with_name("SHA256SUMS")
    if not sums.is_file():
        return None
    lines = (line.split() for line in sums.read_text().splitlines())
    return next((parts[0] for parts in lines if len(parts) > 1 and parts[1].lstrip("*") == path.name), None)


def _failed(version: str, source: Source, text: str) -> UnavailableError:
    causes = [line.strip().removeprefix("cause: ") for line in text.splitlines() if line.strip()]
    detail = f"Python {version} could not be installed. {' '.join(causes[:1] + causes[-1:])[:1000]}"
    if "No download found" in text:
        where = f"The folder {source.folder} has no archive of it" if source.folder else "uv knows no such release"
        return UnavailableError(f"Python {version} could not be installed. {where}.", hint="Choose a listed version.")
    if source.folder is not None:
        return UnavailableError(detail, hint=f"Check the archive in {source.folder}: it may be damaged.")
    if re.search(r"hash mismatch|checksum", text, re.IGNORECASE):
        return UnavailableError(detail, hint="The mirror serves another file than was published. Do not use it.")
    reached = source.address or "the address of the releases of python-build-standalone"
    return UnavailableError(
        detail,
        hint=f"This machine does not reach {reached}. Set ASSAY_PYTHON_MIRROR to a mirror that it reaches, or to a "
        "folder with the archives.",
    )
