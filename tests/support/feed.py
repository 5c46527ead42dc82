"""Advisory feeds that tests write themselves, in the form of OSV's `all.zip`."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def record(
    name: str,
    library: str,
    *events: tuple[str, str],
    versions: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    cvss: str = "",
    **more: object,
) -> dict[str, Any]:
    """Return one OSV record of a library; `events` are (word, version), all in one range."""
    package = {"name": library, "ecosystem": "PyPI", "purl": f"pkg:pypi/{library}"}
    ranges = [{"type": "ECOSYSTEM", "events": [{word: text} for word, text in events]}] if events else []
    found: dict[str, Any] = {
        "id": name,
        "details": f"{library} has a flaw.",
        "affected": [{"package": package, "ranges": ranges, "versions": list(versions)}],
        "aliases": list(aliases),
        "modified": "2026-01-02T00:00:00Z",
        "published": "2026-01-01T00:00:00Z",
    }
    if cvss:
        found["severity"] = [{"type": "CVSS_V3", "score": cvss}]
    return found | more


def write_feed(path: Path, *records: dict[str, Any], raw: dict[str, bytes] | None = None) -> str:
    """Write a feed and return its path. `raw` adds entries as they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in records:
            archive.writestr(f"{one['id']}.json", json.dumps(one))
        for name, content in (raw or {}).items():
            archive.writestr(name, content)
    return str(path)


CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"  # 9.8
MEDIUM = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"  # 6.1
