"""The `assay` command: commands over HTTP, and commands that run and administer the server."""

from __future__ import annotations

import argparse
import os
import sys

from assay.cli import (
    admin,
    backup,
    config,
    environments,
    findings,
    intake,
    integrity,
    jupyter,
    lifecycle,
    maintenance,
    merge,
    policy,
    review,
    rollouts,
    serve,
    slim,
    usage,
    waves,
)
from assay.core.errors import AssayError, SettingsError

GROUPS = (
    environments,
    intake,
    merge,
    slim,
    review,
    maintenance,
    rollouts,
    waves,
    lifecycle,
    usage,
    findings,
    policy,
    integrity,
    jupyter,
    serve,
    config,
    admin,
    backup,
)

DESCRIPTION = """\
The approval desk for Python environments.

Commands that work over HTTP read ASSAY_URL (default: http://127.0.0.1:8000) and
ASSAY_TOKEN. Create the token on your account page. `assay admin`, `audit`,
`config`, `backup`, `restore`, `database` and the commands that run the server
work on the server's machine.
"""


class _Version(argparse.Action):
    """Prints the version, which is read only on request."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - takes 15 ms, needed only here

        sys.stdout.write(f"assay {version('assay')}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    found = argparse.ArgumentParser(
        prog="assay", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in GROUPS:
        group.add_to(commands)
    return found


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: its own, 1 or 2 for an error, 130 for Ctrl-C."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except AssayError as error:
        label = "  " if isinstance(error, SettingsError) else "hint: "  # its hint lists the wrong settings
        sys.stderr.write(f"error: {error.detail}\n" + (f"{label}{error.hint}\n" if error.hint else ""))
        return int(arguments.error_code or error.exit_code)
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - Python flushes it when it ends
        return 0
    except KeyboardInterrupt:
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
