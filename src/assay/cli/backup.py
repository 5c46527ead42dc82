"""`assay backup`, its restore, and `assay database move`: the whole installation, on the server's machine."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group
from assay.cli.output import say
from assay.cli.serve import ready
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

KEY = "file with the key that encrypts the secrets, at least 16 bytes; keep it apart from the backup"


def add_to(commands: Commands) -> None:
    """Add the commands."""
    backup = add_command(
        commands,
        "backup",
        "Write a backup: database, logs and secrets",
        _backup,
        details="Assay may run meanwhile. Environments are built again from their locks. Back up homes apart.",
        examples=(
            "head -c 32 /dev/urandom | base64 > assay-backup.key",
            "assay backup assay.backup --key-file assay-backup.key",
        ),
    )
    backup.add_argument("file", metavar="FILE", type=Path, help="the backup, which must not exist")
    backup.add_argument("--key-file", metavar="PATH", type=Path, required=True, help=KEY)
    actions = add_group(commands, "database", "Move the installation to another database, on the server's machine")
    move = add_command(
        actions,
        "move",
        "Copy everything into another, empty database and compare it",
        _move,
        details="Stop Assay first. Nothing changes in the present database. Then set ASSAY_DATABASE, and start.",
        examples=("assay database move postgresql://assay:password@db.example/assay",),
    )
    move.add_argument("address", metavar="ADDRESS", help="postgresql://user:password@host/name")


def _key(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise InvalidInputError(
            f"The key file cannot be read: {error}", hint="Check --key-file.", path="key"
        ) from error


def _backup(arguments: argparse.Namespace) -> int:
    key = _key(arguments.key_file)
    ready()
    from assay.flow.backup import back_up  # noqa: PLC0415 - models load after Django is set up

    found = back_up(arguments.file, key)
    say(
        f"Wrote {arguments.file}: {plural(found.rows, 'row')} of {plural(found.tables, 'table')}, "
        f"{plural(found.files, 'file')}, {plural(found.secrets, 'secret')}; "
        f"{format_bytes(arguments.file.stat().st_size)}."
    )
    return 0


def restore_backup(source: Path, key_file: Path) -> int:
    """Restore a backup, and queue a rebuild of every published environment."""
    key = _key(key_file)
    from assay.server.setup import prepare  # noqa: PLC0415 - only the server's commands need it

    prepare()
    from assay.flow.backup import restore  # noqa: PLC0415 - after prepare()

    found = restore(source, key)
    say(
        f"Restored {plural(found.rows, 'row')} of {plural(found.tables, 'table')}, {plural(found.files, 'file')} and "
        f"{plural(found.secrets, 'secret')}, from Assay {found.release}."
    )
    # In a process of its own, which reads the restored secrets and upgrades the tables.
    command = [sys.executable, "-m", "assay.cli.main", "admin", "rebuild-missing"]
    if code := subprocess.run(command, check=False).returncode:  # noqa: S603 - our own
        return code
    say("Next: assay up")
    return 0


def _move(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.database_move import move  # noqa: PLC0415 - as above
    from assay.server.settings import database_settings  # noqa: PLC0415 - as above

    found = move(database_settings(arguments.address), lambda name, rows: say(f"{name}: {plural(rows, 'row')}"))
    say(f"Copied and compared {plural(found.rows, 'row')} of {plural(found.tables, 'table')}.")
    say("Next: set ASSAY_DATABASE to this address, and start Assay. The earlier database is as it was.")
    return 0
