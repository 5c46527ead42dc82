"""Metadata of a project from the package index: newest release, yanked releases, status and attestations.

The source is the JSON simple API (PEP 691), with upload times (PEP 700), yanked files (PEP 592), provenance
(PEP 740) and the project's status (PEP 792) where the index has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from packaging.version import Version

from assay.core.errors import UnavailableError
from assay.core.policy.facts import Project
from assay.core.releases import version_of

ACCEPT = "application/vnd.pypi.simple.v1+json"
MAX_RESPONSE = 64 << 20  # bytes; a project with ten thousand files has less
STATUSES = ("active", "archived", "quarantined", "deprecated")
MAX_REASON = 300  # characters of a reason that are kept


def read_project(name: str, content: bytes) -> Project:
    """Parse the response of an index. Raises UnavailableError when it is not the JSON simple API."""
    if len(content) > MAX_RESPONSE:
        raise UnavailableError(f"The response of the index for {name} is too large.", hint="Check the index.")
    try:
        document = json.loads(content)
        releases = _releases(document["files"])
        return _project(name, document, releases)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnavailableError(
            f"The response of the index for {name} is not the JSON simple API.",
            hint="Use an index that supports PEP 691.",
        ) from error


def _releases(files: list[dict[str, Any]]) -> dict[Version, list[dict[str, Any]]]:
    found: dict[Version, list[dict[str, Any]]] = {}
    for file in files:
        version = version_of(file["filename"])
        if version is not None:
            found.setdefault(version, []).append(file)
    return found


def _project(name: str, document: Mapping[str, Any], releases: dict[Version, list[dict[str, Any]]]) -> Project:
    yanked = {
        version: _reason(files) for version, files in releases.items() if all(one.get("yanked") for one in files)
    }
    available = [version for version in releases if version not in yanked]
    stable = [version for version in available if not version.is_prerelease]
    newest = max(stable or available, default=None)
    status = document.get("project-status") or {}
    word = str(status.get("status", "active"))
    return Project(
        name=name,
        newest=str(newest) if newest else "",
        newest_at=_first_day(releases[newest]) if newest else None,
        first_at=_first_day([file for files in releases.values() for file in files]),
        releases=len(releases),
        status=word if word in STATUSES else "active",
        status_reason=str(status.get("reason") or "")[:MAX_REASON],
        yanked={str(version): reason for version, reason in yanked.items()},
        attested=frozenset(
            str(version) for version, files in releases.items() if all(one.get("provenance") for one in files)
        ),
    )


def _reason(files: list[dict[str, Any]]) -> str:
    return next((one["yanked"][:MAX_REASON] for one in files if isinstance(one["yanked"], str)), "")


def _first_day(files: list[dict[str, Any]]) -> date | None:
    """Return the day on which the first file of a release was uploaded, None when the index has no upload times."""
    times = [str(one["upload-time"]) for one in files if one.get("upload-time")]
    return datetime.fromisoformat(min(times)).date() if times else None
