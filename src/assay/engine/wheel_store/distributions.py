"""Reading the metadata and RECORD of each distribution that is installed in a directory."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import canonicalize_name


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One installed distribution. `files` are rows of RECORD: path below site-packages, hash or ''."""

    name: str
    version: str
    licence: str
    summary: str
    requires: tuple[str, ...]
    groups: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


def read_distributions(folder: Path) -> list[Distribution]:
    """Read every `*.dist-info` of a site-packages directory, by name."""
    found = [_read(path) for path in folder.glob("*.dist-info")]
    return sorted(found, key=lambda one: one.name)


def read_metadata(path: Path) -> tuple[Message, str]:
    """Return the headers of a METADATA file, and its description."""
    headers, _, description = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")
    return HeaderParser().parsestr(headers), description


def _read(path: Path) -> Distribution:
    headers, _ = read_metadata(path / "METADATA")
    record = path / "RECORD"
    with record.open(encoding="utf-8", errors="replace", newline="") as file:
        files = tuple({row[0]: row[1] if len(row) > 1 else "" for row in csv.reader(file) if row}.items())
    return Distribution(
        name=canonicalize_name(headers.get("Name", path.name.split("-")[0])),
        version=headers.get("Version", ""),
        licence=_licence(headers.get("License-Expression"), headers.get_all("Classifier"), headers.get("License")),
        summary=(headers.get("Summary") or "")[:300],
        requires=tuple(headers.get_all("Requires-Dist") or ()),
        groups=_groups(path / "entry_points.txt"),
        files=files,
    )


def _groups(path: Path) -> tuple[str, ...]:
    """Return the entry point groups, without those of scripts."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    found = {line.strip()[1:-1].strip() for line in lines if line.strip().startswith("[")}
    return tuple(sorted(found - {"console_scripts", "gui_scripts"}))


def _licence(expression: str | None, classifiers: list[str] | None, plain: str | None) -> str:
    """Return the licence: PEP 639's expression, else classifiers, else a short License field, else ''."""
    if expression:
        return expression
    named = [one.rsplit("::", 1)[-1].strip() for one in classifiers or () if one.startswith("License ::")]
    named = [one for one in named if one != "OSI Approved"]
    if named:
        return " OR ".join(dict.fromkeys(named))
    first = (plain or "").strip().splitlines()[:1]
    return first[0] if first and len(first[0]) <= 80 and first[0] != "UNKNOWN" else ""  # noqa: PLR2004 - longer ones are licence texts
