"""Inspecting a wheel before unpacking: no path traversal, no zip bomb, no special files."""

from __future__ import annotations

import csv
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import BuildError
from assay.core.formatting import format_bytes

MAX_MEMBERS = 300_000  # the largest wheels in use have about 30,000
MAX_BYTES = 20 << 30  # unpacked
MAX_RECORD = 64 << 20  # bytes
RECORD = re.compile(r"[^/]+\.dist-info/RECORD")
RESERVED = re.compile(r"\.data/(data/pyvenv\.cfg|(data/bin|scripts)/(python[\d.]*|activate[^/]*))$")
RATIO, SLACK = 100, 256 << 20  # unpacked bytes per packed byte, and an allowance for small wheels


@dataclass(frozen=True, kw_only=True)
class Archive:
    """The members of a wheel. `largest` is the unpacked size of its largest member in bytes.

    `record` maps paths to their hashes in RECORD ('' if it has none).
    """

    members: frozenset[str]
    largest: int
    record: dict[str, str]


def inspect(wheel: Path) -> Archive:
    """Return the members of a wheel. Raises BuildError for a wheel that must not be unpacked."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
            record = _record(archive)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _refused(wheel, f"is not a readable wheel ({error})") from error
    if len(members) > MAX_MEMBERS:
        raise _refused(wheel, f"has {len(members):,} members; at most {MAX_MEMBERS:,} are allowed")
    for member in members:
        _check_member(wheel, member)
    total = sum(member.file_size for member in members)
    if total > min(MAX_BYTES, RATIO * wheel.stat().st_size + SLACK):
        raise _refused(wheel, f"would unpack to {format_bytes(total)} from {format_bytes(wheel.stat().st_size)}")
    return Archive(
        members=frozenset(member.filename for member in members if not member.is_dir()),
        largest=max((member.file_size for member in members), default=0),
        record=record,
    )


def _record(archive: zipfile.ZipFile) -> dict[str, str]:
    member = next((one for one in archive.infolist() if RECORD.fullmatch(one.filename)), None)
    if member is None or member.file_size > MAX_RECORD:
        return {}
    lines = archive.read(member).decode("utf-8", "replace").splitlines()
    return {row[0]: row[1] if len(row) > 1 else "" for row in csv.reader(lines) if row}


def _check_member(wheel: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name or name[1:2] == ":":
        raise _refused(wheel, f"has a member outside of its tree: {name[:200]!r}")
    if RESERVED.search(name):
        raise _refused(wheel, f"would replace the environment's own files: {name[:200]!r}")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _refused(wheel, f"has a member that is not a regular file or folder: {name[:200]!r}")


def _refused(wheel: Path, reason: str) -> BuildError:
    return BuildError(
        f"{wheel.name} {reason}.", hint="Remove this library, and report it to its authors or your package index."
    )
