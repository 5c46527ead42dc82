"""Arguments that commands share, and functions that add commands with their help."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]


def add_command(
    commands: Commands,
    name: str,
    summary: str,
    run: Callable[[argparse.Namespace], int],
    *,
    details: str = "",
    examples: tuple[str, ...] = (),
    error_code: int | None = None,
) -> argparse.ArgumentParser:
    """Add a command. `summary` is one imperative line; details and examples appear in the command's own help.

    `error_code` is the exit code for every error, None for that of the error.
    """
    shown = "".join(f"\n  {line}" for line in examples)
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary}.\n\n{details}" if details else f"{summary}.",
        epilog=f"Examples:{shown}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run, error_code=error_code)
    return command


def add_group(commands: Commands, name: str, summary: str) -> Commands:
    """Add a command with subcommands, and return the object to add these to."""
    group = commands.add_parser(name, help=summary, description=f"{summary}.")
    return group.add_subparsers(dest=f"{name}_command", required=True, metavar="COMMAND")


def add_version(command: argparse.ArgumentParser) -> None:
    """Add the argument that names a version."""
    command.add_argument("version", metavar="NAME@NUMBER", help="version, such as geo@3")


def add_json(command: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    command.add_argument("--json", action="store_true", help="print JSON")


def add_workspace(command: argparse.ArgumentParser) -> None:
    """Add `--workspace`."""
    command.add_argument("--workspace", default="default", metavar="NAME", help="workspace (default: %(default)s)")


def read_password() -> tuple[str, bool]:
    """Read a password from stdin, or generate one at a terminal; return it and whether it was generated."""
    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return given or secrets.token_urlsafe(12), not given
