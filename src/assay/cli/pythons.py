"""`assay admin pythons`: the Pythons of the installation, on the server's machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group, add_json
from assay.cli.output import say, say_json, say_table
from assay.cli.serve import ready

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands below `assay admin`."""
    actions = add_group(commands, "pythons", "List, offer and install Pythons for new environments")
    listing = add_command(actions, "list", "List the Pythons, and what uses them", _list)
    add_json(listing)
    offer = add_command(actions, "offer", "Offer a Python for new environments", _offer)
    stop = add_command(
        actions,
        "not-offer",
        "Stop offering a Python for new environments",
        _not_offer,
        details="What is built keeps its Python.",
    )
    default = add_command(actions, "default", "Set the Python that new environments begin with", _default)
    for command in (offer, stop, default):
        command.add_argument("python", metavar="PYTHON", help="minor version, such as 3.13")
    install = add_command(
        actions,
        "install",
        "Install a Python",
        _install,
        details="From the mirror or the folder in ASSAY_PYTHON_MIRROR, into ASSAY_HOME/pythons.",
        examples=(
            "assay admin pythons install 3.13",
            "ASSAY_PYTHON_MIRROR=/srv/pythons assay admin pythons install 3.12.5",
        ),
    )
    install.add_argument("version", metavar="VERSION", help="3.13 for its newest patch release, or 3.13.2")


def _list(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.pythons import rows  # noqa: PLC0415 - models load after Django is set up

    found = rows()
    if arguments.json:
        say_json([{**asdict(one), "support_ends": str(one.support_ends or "")} for one in found])
        return 0
    say_table(
        ("PYTHON", "VERSION", "FROM", "FIXES UNTIL", "VERSIONS", "OFFERED", "PATH"),
        [
            (
                one.minor,
                one.version or "-",
                one.where,
                str(one.support_ends or "unknown"),
                f"{one.versions:,}",
                "default" if one.is_default else "yes" if one.offered else "no",
                one.path or one.detail,
            )
            for one in found
        ],
    )
    return 0


def _offer(arguments: argparse.Namespace) -> int:
    return _set_offered(arguments.python, offered=True)


def _not_offer(arguments: argparse.Namespace) -> int:
    return _set_offered(arguments.python, offered=False)


def _set_offered(python: str, *, offered: bool) -> int:
    ready()
    from assay.flow.pythons import offer  # noqa: PLC0415 - as above

    offer(None, python, offered=offered)
    say(f"Python {python} is {'' if offered else 'no longer '}offered for new environments.")
    return 0


def _default(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.pythons import set_default  # noqa: PLC0415 - as above

    set_default(None, arguments.python)
    say(f"New environments begin with Python {arguments.python}.")
    return 0


def _install(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.pythons import run_installation  # noqa: PLC0415 - as above

    run_installation(arguments.version, say)
    say(f"Python {arguments.version} is installed and offered.")
    return 0
