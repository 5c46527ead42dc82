"""Documents of versions, kept ready: each under a key of everything that it is made of.

A lock never changes, so what is made of it is made once and then read from a file, by whichever process. What can
change beside it (advisories, metadata of indexes, imports, titles, health) is read at each request and is part of the
key, so a kept document is never an old one (decision 0029). The key is also the document's ETag.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version as installed
from pathlib import Path

from django.utils import timezone

from assay.core.errors import NotFoundError
from assay.core.roles import Actor, check_visible
from assay.engine.layout import write_file
from assay.flow.paths import home
from assay.store.reads.impact import PERIOD
from assay.store.reads.version_identity import (
    FETCHED,
    IMPORTED,
    NEWEST_FEED,
    VersionIdentity,
    version_identity,
)

log = logging.getLogger(__name__)
VERSION = installed("assay")
FORMAT = 1  # raise it when a document changes without a new version of Assay
MOST_BYTES = 512 << 20  # of all kept documents
FOLDERS = 256  # by the first two digits of the key; each keeps its part of the bytes


def find_identity(actor: Actor, slug: str, number: int) -> VersionIdentity:
    """Return what identifies a version that the actor may see: one query. Raises NotFoundError."""
    found = version_identity(actor.workspace_id, slug, number)
    if found is None:
        raise NotFoundError(f"There is no version {slug[:40]}@{number}.", hint="Check the name and the number.")
    check_visible(actor, status=found.status, author_id=found.author_id)
    return found


def find_built(actor: Actor, slug: str, number: int) -> VersionIdentity:
    """Return what identifies a built version that the actor may see: one query. Raises NotFoundError."""
    found = find_identity(actor, slug, number)
    if found.lock_id is None:
        raise NotFoundError("This version is not built yet.", hint="Build it first.")
    return found


def lock_key(version: VersionIdentity) -> str:
    """Return the key of the lock of a version, as a file of its name."""
    return _key("lock", version.reference, *_lock(version))


def libraries_key(version: VersionIdentity) -> str:
    """Return the key of the library rows: the lock, what was asked for, and the imports of 90 days."""
    since = (timezone.now() - PERIOD).date()
    imported = IMPORTED.rows(environment=version.environment_id, since=since)
    return _key("libraries", version.pk, *_lock(version), version.spec, version.base_id, imported)


def report_key(version: VersionIdentity) -> str:
    """Return the key of the report: the lock, the health, and today's advisories and metadata of indexes."""
    return _key(
        "report", version.pk, *_lock(version), version.health, _feed_today(), FETCHED.rows(lock=version.lock_id)
    )


def sbom_key(version: VersionIdentity) -> str:
    """Return the key of the SBOM: the lock, the names of version and environment, and the advisories."""
    return _key("sbom", version.reference, version.title, *_lock(version), _feed())


def comparison_key(versions: Sequence[VersionIdentity]) -> str:
    """Return the key of a comparison: what each version asked for and got, and the advisories."""
    sides = [[one.pk, one.reference, one.python, one.spec, one.base_id, *_lock(one)] for one in versions]
    return _key("comparison", sides, _feed())


@dataclass(frozen=True, kw_only=True)
class ReadyDocument:
    """A document with its key; `content` makes it unless it is kept."""

    key: str
    content: Callable[[], bytes]


def ready(key: Callable[[], str], make: Callable[[], bytes]) -> ReadyDocument:
    """Return a document, not made yet. One that was made while something in its key changed is not kept."""
    before = key()

    def content() -> bytes:
        kept = _read(before)
        if kept is not None:
            return kept
        made = make()
        if key() == before:
            try:
                _write(before, made)
            except OSError as error:  # a full disk: it is made again next time
                log.warning("A document could not be kept: %s", error)
        return made

    return ReadyDocument(key=before, content=content)


def _lock(version: VersionIdentity) -> tuple[object, object]:
    return version.digest, version.locked_at


def _feed() -> int | None:
    found = NEWEST_FEED.first()
    return found[0] if found else None


def _feed_today() -> tuple[int, int] | None:
    """Return the newest feed and its age in days, which reports show."""
    found = NEWEST_FEED.first()
    return (found[0], (timezone.now() - found[1]) // timedelta(days=1)) if found else None


def _key(kind: str, *parts: object) -> str:
    text = json.dumps([VERSION, FORMAT, kind, *parts], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _path(key: str) -> Path:
    return home() / "documents" / key[:2] / key


def _read(key: str) -> bytes | None:
    try:
        return _path(key).read_bytes()
    except OSError:
        return None


def _write(key: str, content: bytes) -> None:
    """Keep a document. It is complete on disk before it has its name, also after a crash. Raises OSError."""
    path = _path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, content)
    for old in _beyond(path.parent, MOST_BYTES // FOLDERS):
        old.unlink(missing_ok=True)


def _beyond(folder: Path, most: int) -> Iterator[Path]:
    """Yield the oldest files of a folder that has more than so many bytes."""
    found = []
    with os.scandir(folder) as entries:
        for one in entries:
            try:
                state = one.stat()
            except FileNotFoundError:  # another process removed it
                continue
            found.append((state.st_mtime_ns, state.st_size, Path(one.path)))
    held = 0
    for _, size, path in sorted(found, reverse=True):
        held += size
        if held > most:
            yield path
