"""Backups: one file with every row of the database, the logs, and the secrets, encrypted with a given key.

Environments are not in it: they are built again from their locks, to the same digest or not at all.
"""

from __future__ import annotations

import base64
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.db import transaction
from django.utils import timezone

from assay.core.errors import ConflictError, InvalidInputError
from assay.flow.paths import home
from assay.store.whole_database import (
    Sum,
    Table,
    check_new,
    migrate_to,
    migration_state,
    read_lines,
    reset_sequences,
    snapshot,
    tables_of,
    write_lines,
)

FORMAT = 1
MANIFEST, SECRETS = "backup.json", "secrets.encrypted"
FOLDERS = ("builds", "runs")  # below ASSAY_HOME: their logs, and what runs made
LEAST_KEY = 16  # bytes of a key
SALT_SIZE = 16


@dataclass(frozen=True, kw_only=True)
class BackupResult:
    """What a backup holds, or what was restored from one."""

    release: str
    tables: int
    rows: int
    files: int
    secrets: int


def back_up(target: Path, key: bytes) -> BackupResult:
    """Write a backup, whole or not at all. Raises InvalidInputError for a short key, ConflictError for a file."""
    _check_key(key)
    if target.exists():
        raise ConflictError(f"{target} exists.", hint="Name another file.", path="file")
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)  # of a backup that was killed
    try:
        with _private(unfinished) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                result = _write(archive, key)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return result


def _write(archive: zipfile.ZipFile, key: bytes) -> BackupResult:
    with snapshot() as alias:
        state = migration_state(alias)
        sums = {table.name: _write_table(archive, table, alias) for table in tables_of(state, alias)}
    files = 0
    for name, path in _files():
        archive.write(path, f"files/{name}")
        files += 1
    secrets = {
        one.name: base64.b64encode(one.read_bytes()).decode() for one in sorted((home() / "secrets").iterdir())
    }
    salt = os.urandom(SALT_SIZE)
    archive.writestr(SECRETS, salt + _cipher(key, salt).encrypt(json.dumps(secrets).encode()))
    release = version("assay")
    manifest = {
        "format": FORMAT,
        "release": release,
        "made_at": timezone.now().isoformat(),
        "migrations": state,
        "tables": {name: one.to_dict() for name, one in sums.items()},
    }
    archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    rows = sum(one.rows for one in sums.values())
    return BackupResult(release=release, tables=len(sums), rows=rows, files=files, secrets=len(secrets))


def _write_table(archive: zipfile.ZipFile, table: Table, alias: str) -> Sum:
    found = Sum()
    with archive.open(f"tables/{table.name}", "w", force_zip64=True) as file:
        for line in read_lines(table, alias):
            found.add(line)
            file.write(line.encode() + b"\n")
    return found


def _files() -> Iterator[tuple[str, Path]]:
    """Yield the files below `FOLDERS` with their names; links and what is no file are left out."""
    for folder in FOLDERS:
        for path in sorted((home() / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(home())), path


def restore(source: Path, key: bytes) -> BackupResult:
    """Restore a backup into an empty database and home; the database is restored whole or not at all.

    Raises InvalidInputError for a wrong key or a damaged file, ConflictError where there is data or the backup is
    of a newer release.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            return _restore(archive, key)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise InvalidInputError(
            f"{source} cannot be read: {error}", hint="Check the path; the file may be damaged.", path="file"
        ) from error


def _restore(archive: zipfile.ZipFile, key: bytes) -> BackupResult:
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise ConflictError("The backup has another format.", hint=f"It was made by Assay {manifest['release']}.")
    secrets = _read_secrets(archive.read(SECRETS), key)
    check_new()
    migrate_to(manifest["migrations"])
    tables = tables_of(manifest["migrations"])
    files = _restore_files(archive)
    for name, content in secrets.items():
        _write_secret(home() / "secrets" / Path(name).name, content)
    with transaction.atomic():  # last: without rows, an interrupted restore can be repeated
        for table in tables:
            _restore_table(archive, table, manifest["tables"][table.name])
        reset_sequences(tables)
    rows = sum(one["rows"] for one in manifest["tables"].values())
    return BackupResult(release=manifest["release"], tables=len(tables), rows=rows, files=files, secrets=len(secrets))


def _restore_table(archive: zipfile.ZipFile, table: Table, expected: dict[str, Any]) -> None:
    name = table.name
    with archive.open(f"tables/{name}") as file:
        found = write_lines(table, (line.decode().rstrip("\n") for line in file))
    if found.to_dict() != expected:
        raise InvalidInputError(f"The rows of {name} are not those that were backed up.", hint="Take another backup.")


def _restore_files(archive: zipfile.ZipFile) -> int:
    """Write the files below `FOLDERS`; a name that leads elsewhere is left out."""
    count = 0
    for entry in archive.infolist():
        parts = Path(entry.filename).parts
        if parts[:1] != ("files",) or parts[1:2] not in {(one,) for one in FOLDERS} or ".." in parts:
            continue
        target = home().joinpath(*parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as file, target.open("wb") as into:
            while part := file.read(1 << 20):
                into.write(part)
        count += 1
    return count


def _write_secret(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)  # the start of this command made one
    with _private(path) as file:
        file.write(content)


def _private(path: Path) -> BinaryIO:
    """Open a new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _read_secrets(encrypted: bytes, key: bytes) -> dict[str, bytes]:
    _check_key(key)
    salt, token = encrypted[:SALT_SIZE], encrypted[SALT_SIZE:]
    try:
        found: dict[str, str] = json.loads(_cipher(key, salt).decrypt(token))
    except InvalidToken:
        raise InvalidInputError(
            "The key does not fit this backup.", hint="Name the key file of the day it was made.", path="key"
        ) from None
    return {name: base64.b64decode(content) for name, content in found.items()}


def _check_key(key: bytes) -> None:
    if len(key) < LEAST_KEY:
        raise InvalidInputError(
            f"The key has {len(key)} bytes; it needs at least {LEAST_KEY}.",
            hint="Make one: head -c 32 /dev/urandom | base64 > assay-backup.key",
            path="key",
        )


def _cipher(key: bytes, salt: bytes) -> Fernet:
    derived = Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))
