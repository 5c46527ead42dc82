"""`assay config`: the settings of the server on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    config = commands.add_parser("config", help="settings of the server on this machine")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print all settings and where each comes from, passwords masked")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=_show)
    actions.add_parser("check", help="exit with 2 when a setting is wrong").set_defaults(run=_check)


def _show(arguments: argparse.Namespace) -> int:
    from assay.server.config_loading import load, show  # noqa: PLC0415 - only the server's commands need pydantic

    rows = show(load())
    _warn()
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(one) for one in rows], indent=2) + "\n")
        return 0
    head = ("Name", "Value", "From", "Meaning")
    table = [head, *((one.name, one.value or "-", one.origin, one.meaning) for one in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(3)]
    for *cells, meaning in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        sys.stdout.write(f"{'  '.join(padded)}  {meaning}\n")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.config_loading import load  # noqa: PLC0415 - as above

    load()
    _warn()
    sys.stdout.write("All settings are right.\n")
    return 0


def _warn() -> None:
    from assay.server.config_loading import warnings  # noqa: PLC0415 - as above

    sys.stderr.writelines(f"assay: {line}\n" for line in warnings())
