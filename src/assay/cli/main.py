"""The `assay` command: the user's commands over HTTP, and those that run the server."""

from __future__ import annotations

import argparse
import sys

from assay.cli import admin, config, environments, facts, integrity, jupyter, serve
from assay.core.errors import AssayError

GROUPS = (serve, admin, config, environments, jupyter, integrity, facts)


class _Version(argparse.Action):
    """Prints the version, which is read only when it is wanted."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - 15 ms that other commands do without

        sys.stdout.write(f"assay {version('assay')}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    found = argparse.ArgumentParser(prog="assay", description="The approval desk for Python environments.")
    found.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_to(commands)
    return found


def main(argv: list[str] | None = None) -> int:
    """Run one command. Errors teach; the exit code is 1 for them, 2 for wrong settings and 130 for Ctrl-C."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except AssayError as error:
        sys.stderr.write(f"assay: {error.detail}\n" + (f"  {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
