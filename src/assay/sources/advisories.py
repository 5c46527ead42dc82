"""Advisory feeds: OSV records in an ecosystem's `all.zip`, by file or address, read within limits.

A feed comes from outside and is not trusted: sizes are measured while reading, each record is checked, and a
malformed record is skipped and counted. The format is the OSV schema (1.x), https://ossf.github.io/osv-schema/.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assay.core.advisories.advisory import (
    BEGINNING,
    SEVERITY_RANK,
    Advisory,
    Affected,
    EventType,
    Severity,
    severity_of,
)
from assay.core.errors import InvalidInputError, UnavailableError

ECOSYSTEM = "PyPI"
MAX_FEED = 1 << 29  # bytes of the archive; ten times the largest real one
MAX_RECORD = 1 << 21  # bytes of one record, unpacked; ten times the largest real one
MAX_UNPACKED = 1 << 29  # bytes of all records, which are read into memory
MAX_ALIASES = 200
MAX_RECORDS = 500_000
DIRECTORY_ENTRY = 46  # least bytes of one entry in an archive's directory (APPNOTE 4.3.12)
TIMEOUT = 60.0  # seconds without any byte
SEVERITIES = {"LOW": Severity.LOW, "MODERATE": Severity.MEDIUM, "MEDIUM": Severity.MEDIUM, "HIGH": Severity.HIGH}
SEVERITIES["CRITICAL"] = Severity.CRITICAL
VECTORS = {"CVSS_V2": CVSS2, "CVSS_V3": CVSS3, "CVSS_V4": CVSS4}


class MalformedRecordError(ValueError):
    """A record that does not follow the schema."""


@dataclass(frozen=True, kw_only=True)
class RawRecord:
    """One record of the archive, not yet parsed. `digest` is SHA-256 (hex) of its content."""

    id: str
    content: bytes
    digest: str


@dataclass(frozen=True, kw_only=True)
class OpenFeed:
    """A feed that is open for reading. `digest` is SHA-256 (hex) of the archive."""

    digest: str
    archive: zipfile.ZipFile

    def records(self) -> Iterator[RawRecord]:
        """Yield the records one by one. Raises InvalidInputError where a limit is exceeded."""
        left = MAX_UNPACKED
        for entry in self.archive.infolist():
            if not entry.filename.endswith(".json"):
                continue
            content = self._read(entry, min(left, MAX_RECORD))
            left -= len(content)
            digest = hashlib.sha256(content).hexdigest()
            yield RawRecord(id=Path(entry.filename).stem[:200], content=content, digest=digest)

    def _read(self, entry: zipfile.ZipInfo, limit: int) -> bytes:
        try:
            with self.archive.open(entry) as file:
                content = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise InvalidInputError(
                f"The feed's record {entry.filename[:80]!r} cannot be read.", hint="Fetch the feed again."
            ) from error
        if len(content) > limit:
            raise InvalidInputError(
                f"The feed's record {entry.filename[:80]!r} is too large when unpacked.",
                hint=f"A record has at most {MAX_RECORD} bytes, all records {MAX_UNPACKED}. Check its source.",
            )
        return content


@contextmanager
def open_feed(source: str) -> Iterator[OpenFeed]:
    """Open a feed by path or http(s) address. Raises InvalidInputError or UnavailableError."""
    with TemporaryDirectory(prefix="assay-feed-") as folder:
        path = Path(source)
        if "://" in source:
            path = Path(folder) / "all.zip"
            _fetch(source, path)
        _check_archive(path)
        with path.open("rb") as file, _archive(file) as archive:
            yield OpenFeed(digest=_digest(path), archive=archive)


def _fetch(address: str, target: Path) -> None:
    if urlsplit(address).scheme not in {"http", "https"}:
        raise InvalidInputError(
            "A feed is a file or an http(s) address.", hint="Name a path or an http(s) address.", path="source"
        )
    try:
        with urlopen(address, timeout=TIMEOUT) as response, target.open("wb") as file:  # noqa: S310 - scheme checked above
            _copy(response, file)
    except (URLError, OSError, ValueError) as error:
        raise UnavailableError(
            f"The advisory feed cannot be fetched: {getattr(error, 'reason', error)}.",
            hint="Check the address, or load it from a file.",
        ) from error


def _copy(response: IO[bytes], file: IO[bytes]) -> None:
    left = MAX_FEED
    while part := response.read(1 << 20):
        left -= len(part)
        if left < 0:
            raise InvalidInputError(f"The feed has more than {MAX_FEED} bytes.", hint="Check the address.")
        file.write(part)


def _check_archive(path: Path) -> None:
    """Check sizes before the archive's directory is read into memory."""
    if not path.is_file():
        raise InvalidInputError(f"There is no file {str(path)[:200]!r}.", hint="Check the path.", path="source")
    if path.stat().st_size > MAX_FEED:
        raise InvalidInputError(f"The feed has more than {MAX_FEED} bytes.", hint="Check the file.")
    if _directory_size(path) > MAX_RECORDS * DIRECTORY_ENTRY * 4:
        raise InvalidInputError(f"The feed has more than {MAX_RECORDS} records.", hint="Check where it comes from.")


def _directory_size(path: Path) -> int:
    """Return the size of the archive's directory in bytes, from its end record (APPNOTE 4.3.14 and 4.3.16)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 100))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    wide = tail.rfind(b"PK\x06\x06")
    if wide >= 0 and len(tail) >= wide + 48:
        return int(struct.unpack_from("<Q", tail, wide + 40)[0])
    return int(struct.unpack_from("<L", tail, at + 12)[0]) if at >= 0 and len(tail) >= at + 16 else 0


@contextmanager
def _archive(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InvalidInputError(
            "The feed is not a zip archive.", hint="Use the all.zip of the PyPI ecosystem.", path="source"
        ) from error
    with archive:
        if len(archive.infolist()) > MAX_RECORDS:
            raise InvalidInputError(
                f"The feed has more than {MAX_RECORDS} records.", hint="Check where it comes from."
            )
        yield archive


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def source_name(source: str) -> str:
    """Return the name of a feed for records: an address without credentials, or an absolute path."""
    if "://" not in source:
        return os.path.abspath(source)  # noqa: PTH100 - links are kept
    parts = urlsplit(source)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def parse_record(raw: RawRecord) -> Advisory | None:
    """Return the record, or None when it does not affect the PyPI ecosystem.

    Raises MalformedRecordError when it does not follow the schema.
    """
    try:
        document = json.loads(raw.content)
        _check_id(document["id"], raw.id)
        return _advisory(document)
    except MalformedRecordError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MalformedRecordError(f"{type(error).__name__}: {str(error)[:200]}") from error


def _check_id(record_id: object, file_name: str) -> None:
    if record_id != file_name:
        raise MalformedRecordError(f"its id is {str(record_id)[:80]!r}, unlike its file name")


def _advisory(document: dict[str, Any]) -> Advisory | None:
    affected = tuple(
        _affected(one)
        for one in document.get("affected") or ()
        if one.get("package", {}).get("ecosystem", "").partition(":")[0] == ECOSYSTEM
    )
    if not affected:
        return None
    severity, score = _severity(document)
    return Advisory(
        id=_line(document["id"], 200),
        aliases=tuple(sorted({_line(one, 200) for one in document.get("aliases") or ()} - {document["id"]}))[
            :MAX_ALIASES
        ],
        affected=affected,
        summary=_summary(document),
        severity=severity,
        score=score,
        published=_line(document.get("published") or "", 40),
        modified=_line(document["modified"], 40),
        withdrawn=_line(document.get("withdrawn") or "", 40),
    )


def _summary(document: dict[str, Any]) -> str:
    """Return the summary in one line, else the beginning of the details."""
    return _line(document.get("summary") or document.get("details") or "", 300)


def _line(value: object, limit: int) -> str:
    """Return a text as one printable line of at most `limit` characters."""
    text = _text(value)[: limit * 10]
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _affected(entry: dict[str, Any]) -> Affected:
    versions = frozenset(_text(one) for one in entry.get("versions") or ())
    ranges = [one["events"] for one in entry.get("ranges") or () if one["type"] in {"ECOSYSTEM", "SEMVER"}]
    return Affected(
        library=canonicalize_name(_text(entry["package"]["name"])),
        ranges=tuple(_events(one) for one in ranges if not versions or _evaluable(one)),
        versions=versions,
    )


def _evaluable(events: list[dict[str, str]]) -> bool:
    """Return whether a range can be evaluated; one that cannot is skipped if the record lists versions too."""
    try:
        return bool(_events(events))
    except MalformedRecordError:
        return False


def _events(events: list[dict[str, str]]) -> tuple[tuple[EventType, str], ...]:
    found = []
    for event in events:
        for word, text in event.items():
            if (event_type := EventType(word)) is EventType.LIMIT and text == "*":
                continue
            found.append((event_type, _checked_version(_text(text))))
    return tuple(found)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedRecordError(f"{value!r:.80} is not text")
    return value


def _checked_version(text: str) -> str:
    if text != BEGINNING:
        try:
            Version(text)
        except InvalidVersion as error:
            raise MalformedRecordError(f"{text[:80]!r} is not a version") from error
    return text


def _severity(document: dict[str, Any]) -> tuple[Severity, float | None]:
    """Return the highest severity of the record and of its database, and the highest CVSS score."""
    entries = list(document.get("severity") or ())
    for one in document.get("affected") or ():
        entries += one.get("severity") or ()
    scores = [found for one in entries if (found := _score(one)) is not None]
    score = max(scores, default=None)
    named = (document.get("database_specific") or {}).get("severity")
    stated = SEVERITIES.get(named.upper(), Severity.UNKNOWN) if isinstance(named, str) else Severity.UNKNOWN
    return max(severity_of(score), stated, key=SEVERITY_RANK.__getitem__), score


def _score(entry: dict[str, Any]) -> float | None:
    """Return the base score of a CVSS vector, None where it is not valid."""
    standard = VECTORS.get(entry.get("type", ""))
    if standard is None:
        return None
    try:
        return float(standard(_text(entry["score"])).base_score)
    except CVSSError:
        return None
