"""The files of a project as its index lists them (PEP 691, with PEP 592, 700 and 714), and their metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from email.message import Message
from email.parser import HeaderParser
from typing import Any
from urllib.parse import urljoin

from assay.core.errors import UnavailableError
from assay.core.releases import ProjectFile

MAX_METADATA = 2 << 20  # bytes; long descriptions are a tenth of that
MAX_SUMMARY = 300  # characters that are kept


def read_files(name: str, content: bytes, address: str) -> tuple[ProjectFile, ...]:
    """Parse the response of an index at an address. Raises UnavailableError when it is not the JSON simple API."""
    try:
        return tuple(_file(one, address) for one in json.loads(content)["files"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnavailableError(
            f"The response of the index for {name} is not the JSON simple API.",
            hint="Use an index that supports PEP 691.",
        ) from error


def _file(given: Mapping[str, Any], address: str) -> ProjectFile:
    metadata = given.get("core-metadata") or given.get("dist-info-metadata")
    return ProjectFile(
        name=str(given["filename"]),
        url=urljoin(f"{address}/", str(given["url"])),
        sha256=str((given.get("hashes") or {}).get("sha256", "")),
        size=int(given.get("size") or 0),
        uploaded=_day(given.get("upload-time")),
        requires_python=str(given.get("requires-python") or ""),
        yanked=bool(given.get("yanked")),
        metadata=str(metadata.get("sha256", "")) if isinstance(metadata, Mapping) else "",
    )


def _day(time: object) -> date | None:
    return datetime.fromisoformat(str(time)).date() if time else None


def read_headers(content: bytes) -> Message:
    """Return the headers of a metadata file."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    return HeaderParser().parsestr(text.partition("\n\n")[0])


def summary_of(headers: Message) -> str:
    """Return the summary in one line, '' for none."""
    text = " ".join(str(headers.get("Summary", "")).split())
    return "" if text.upper() == "UNKNOWN" else text[:MAX_SUMMARY]
