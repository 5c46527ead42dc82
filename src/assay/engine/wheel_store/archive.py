"""Looking into a wheel before anything of it is unpacked: no way out of its tree, no bomb, no special file."""

from __future__ import annotations

import csv
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from assay.core.errors import BuildError
from assay.core.format_bytes import format_bytes

MOST_MEMBERS = 300_000  # the largest wheels in use have about 30,000
MOST_BYTES = 20 << 30  # unpacked
LARGEST_RECORD = 64 << 20  # bytes
RECORD = re.compile(r"[^/]+\.dist-info/RECORD")
OWN = re.compile(r"\.data/(data/pyvenv\.cfg|(data/bin|scripts)/(python[\d.]*|activate[^/]*))$")
RATIO, SLACK = 100, 256 << 20  # unpacked bytes per packed one, and what small wheels may have besides


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What a wheel's own directory tells. `largest` are the unpacked bytes of its largest member.

    `announced` maps names to the hashes that its RECORD tells ('' where it tells none).
    """

    members: frozenset[str]
    largest: int
    announced: dict[str, str]


def inspect(wheel: Path) -> Archive:
    """Return what is in a wheel. Raises BuildError for one that must not be unpacked."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
            announced = _announced(archive)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _refused(wheel, f"is no readable wheel ({error})") from error
    if len(members) > MOST_MEMBERS:
        raise _refused(wheel, f"has {len(members):,} members; {MOST_MEMBERS:,} are allowed")
    for member in members:
        _check_member(wheel, member)
    total = sum(member.file_size for member in members)
    if total > min(MOST_BYTES, RATIO * wheel.stat().st_size + SLACK):
        raise _refused(wheel, f"would unpack to {format_bytes(total)} from {format_bytes(wheel.stat().st_size)}")
    return Archive(
        members=frozenset(member.filename for member in members if not member.is_dir()),
        largest=max((member.file_size for member in members), default=0),
        announced=announced,
    )


def _announced(archive: zipfile.ZipFile) -> dict[str, str]:
    record = next((one for one in archive.infolist() if RECORD.fullmatch(one.filename)), None)
    if record is None or record.file_size > LARGEST_RECORD:
        return {}
    lines = archive.read(record).decode("utf-8", "replace").splitlines()
    return {row[0]: row[1] if len(row) > 1 else "" for row in csv.reader(lines) if row}


def _check_member(wheel: Path, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name or name[1:2] == ":":
        raise _refused(wheel, f"has a member that leads out of its tree: {name[:200]!r}")
    if OWN.search(name):
        raise _refused(wheel, f"would replace the environment's own files: {name[:200]!r}")
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _refused(wheel, f"has a member that is neither a file nor a folder: {name[:200]!r}")


def _refused(wheel: Path, why: str) -> BuildError:
    return BuildError(f"{wheel.name} {why}.", hint="Leave this library out, and tell its authors or your index.")
