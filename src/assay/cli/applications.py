"""`assay admin application …`: what the launch page offers beside notebooks, on the machine of the server."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(actions: Commands) -> None:
    """Add `application` to the administrator's commands."""
    group = actions.add_parser("application", help="applications of the launch page")
    commands = group.add_subparsers(dest="deed", required=True, metavar="DEED")
    add = commands.add_parser("add", help="add one; the words after -- are its command, with {port} and the like")
    add.add_argument("slug")
    add.add_argument("--name", required=True, help="as people know it")
    add.add_argument("--needs", action="append", default=[], help="a library that the environment must hold")
    add.add_argument("--strips", action="store_true", help="it sees its addresses without the prefix")
    add.add_argument("--icon", default="app")
    add.add_argument("argv", nargs="+", metavar="WORD")
    add.set_defaults(run=_add)
    remove = commands.add_parser("remove", help="remove one that was added")
    remove.add_argument("slug")
    remove.set_defaults(run=_remove)
    listing = commands.add_parser("list", help="list all")
    listing.set_defaults(run=_list)
    for command in (add, remove, listing):
        command.add_argument("--workspace", default="default")


def _workspace(name: str) -> int:
    from assay.server.setup import migrate, prepare  # noqa: PLC0415 - Django is loaded only by commands that need it

    prepare()
    migrate()
    from assay.flow.people import find_workspace  # noqa: PLC0415 - models load after Django is set up

    return find_workspace(name).pk


def _add(arguments: argparse.Namespace) -> int:
    workspace = _workspace(arguments.workspace)
    from assay.core.applications import Application  # noqa: PLC0415 - as above
    from assay.flow.launch.applications import add  # noqa: PLC0415 - as above

    wanted = Application(
        slug=arguments.slug,
        name=arguments.name,
        argv=tuple(arguments.argv),
        needs=tuple(arguments.needs),
        strips=arguments.strips,
        icon=arguments.icon,
    )
    add(workspace, wanted)
    sys.stdout.write(
        f"{wanted.name} is offered where the environment holds {', '.join(wanted.needs) or 'anything'}.\n"
    )
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    workspace = _workspace(arguments.workspace)
    from assay.flow.launch.applications import remove  # noqa: PLC0415 - as above

    remove(workspace, arguments.slug)
    sys.stdout.write(f"{arguments.slug} is not offered any more.\n")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    workspace = _workspace(arguments.workspace)
    from assay.flow.launch.applications import list_applications  # noqa: PLC0415 - as above

    for one in list_applications(workspace):
        needs = ", ".join(one.needs) or "nothing"
        sys.stdout.write(
            f"{one.slug:<16} {one.name:<20} needs {needs:<16} {shlex.join(one.argv) or '/' + one.path}\n"
        )
    return 0
