"""`assay admin application …`: applications that Studio offers beside notebooks, on the server's machine."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group, add_json, add_workspace
from assay.cli.output import say, say_json, say_table
from assay.cli.serve import ready

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(actions: Commands) -> None:
    """Add `application` to the administrator's commands."""
    commands = add_group(actions, "application", "Add, remove and list applications of Studio")
    add = add_command(
        commands,
        "add",
        "Add an application",
        _add,
        details="The command comes after --. It may contain {prefix}, {port}, {base_url}, {host} and {file}.",
        examples=(
            "assay admin application add shiny --name Shiny --needs shiny -- \\",
            "    {prefix}/bin/python -m shiny run --port {port} {file}",
        ),
    )
    add.add_argument("slug", metavar="NAME", help="short name, such as shiny")
    add.add_argument("--name", required=True, metavar="TITLE", help="name on the launch page")
    add.add_argument(
        "--needs", action="append", default=[], metavar="LIBRARY", help="required library (repeat for more)"
    )
    add.add_argument("--strips", action="store_true", help="remove the prefix from the addresses it gets")
    add.add_argument("--icon", default="app", help="icon on the launch page (default: %(default)s)")
    add.add_argument("argv", nargs="+", metavar="COMMAND", help="command that starts it")
    remove = add_command(commands, "remove", "Remove an application that was added", _remove)
    remove.add_argument("slug", metavar="NAME", help="short name")
    listing = add_command(commands, "list", "List the applications", _list)
    add_json(listing)
    for command in (add, remove, listing):
        add_workspace(command)


def _find_workspace(name: str) -> int:
    ready()
    from assay.flow.people import find_workspace  # noqa: PLC0415 - models load after Django is set up

    return find_workspace(name).pk


def _add(arguments: argparse.Namespace) -> int:
    workspace = _find_workspace(arguments.workspace)
    from assay.core.applications import Application  # noqa: PLC0415 - as above
    from assay.flow.launch.applications import add  # noqa: PLC0415 - as above

    added = Application(
        slug=arguments.slug,
        name=arguments.name,
        argv=tuple(arguments.argv),
        needs=tuple(arguments.needs),
        strips=arguments.strips,
        icon=arguments.icon,
    )
    add(workspace, added)
    say(f"Added {added.name}, for environments with {' and '.join(added.needs) or 'any libraries'}.")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    workspace = _find_workspace(arguments.workspace)
    from assay.flow.launch.applications import remove  # noqa: PLC0415 - as above

    remove(workspace, arguments.slug)
    say(f"Removed {arguments.slug}. Servers that run it continue.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    workspace = _find_workspace(arguments.workspace)
    from assay.flow.launch.applications import list_applications  # noqa: PLC0415 - as above

    found = list_applications(workspace)
    if arguments.json:
        say_json([asdict(one) for one in found])
        return 0
    say_table(
        ("Name", "Title", "Needs", "Command"),
        [(one.slug, one.name, ", ".join(one.needs) or "-", shlex.join(one.argv) or f"/{one.path}") for one in found],
    )
    return 0
