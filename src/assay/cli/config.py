"""`assay config`: the settings of the server on this machine."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group, add_json
from assay.cli.output import say, say_json, say_table

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    actions = add_group(commands, "config", "Show and check the settings of the server on this machine")
    show = add_command(actions, "show", "Print all settings and where each comes from, with passwords masked", _show)
    add_json(show)
    add_command(actions, "check", "Check all settings", _check, details="Exits with 2 if a setting is wrong.")


def _show(arguments: argparse.Namespace) -> int:
    from assay.server.config_loading import load, show  # noqa: PLC0415 - only the server's commands need pydantic

    rows = show(load())
    _warn()
    if arguments.json:
        say_json([asdict(one) for one in rows])
        return 0
    say_table(
        ("Name", "Value", "From", "Meaning"), [(one.name, one.value or "-", one.origin, one.meaning) for one in rows]
    )
    return 0


def _check(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.config_loading import load  # noqa: PLC0415 - as above

    load()
    _warn()
    say("All settings are valid.")
    return 0


def _warn() -> None:
    from assay.server.config_loading import warnings  # noqa: PLC0415 - as above

    sys.stderr.writelines(f"warning: {line}\n" for line in warnings())
