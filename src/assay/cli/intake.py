"""`assay import`: read dependency files of any kind, and create an environment from them, over HTTP."""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.arguments import add_command, add_json
from assay.cli.output import say, say_json, say_table
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add `assay import`."""
    command = add_command(
        commands,
        "import",
        "Read dependency files, and create an environment from them",
        _import,
        details=(
            "Reads requirements.txt, pyproject.toml, environment.yml, lock files, notebooks and others, together.\n"
            "Prints what was taken, merged and left out of each file, with reasons, and the list of libraries.\n"
            "With --create the list becomes the first version of a new environment, as a draft."
        ),
        examples=(
            "assay import requirements.txt",
            'assay import pyproject.toml uv.lock --choose "pyproject.toml:extra docs" --reduce',
            'assay import environment.yml --create geo --title "Geodata"',
            "assay import old.txt --python 3.12 --update",
        ),
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="file to read; - reads the standard input")
    command.add_argument(
        "--choose",
        action="append",
        metavar="FILE:CHOICE",
        help="take this choice of a file, such as an extra or a group (repeat); without it, what the files select",
    )
    command.add_argument(
        "--python", metavar="VERSION", help="Python version, instead of the one that the files ask for"
    )
    command.add_argument(
        "--reduce",
        action="store_true",
        help="reduce exact versions to what was probably asked for; the versions become constraints",
    )
    command.add_argument(
        "--update",
        action="store_true",
        help="where the list does not resolve, find the newest versions of what was asked for that do",
    )
    command.add_argument("--create", metavar="NAME", help="create an environment with this short name")
    command.add_argument("--title", default="", help="title of the new environment (default: its short name)")
    add_json(command)


def _import(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    found = client.post(
        "/intake",
        {
            "files": [_file(name) for name in arguments.files],
            "choices": None if arguments.choose is None else [_choice(one) for one in arguments.choose],
            "python": arguments.python,
            "reduce": arguments.reduce,
        },
    )
    wanted = found["intent"] or found
    python = arguments.python or found["python"] or found["offered"][0]
    updated = client.post("/resolve/update", {"python": python, **_spec(wanted)}) if arguments.update else None
    if updated and not updated["resolves"]:
        wanted = {"libraries": updated["libraries"], "constraints": []}
    made = _create(client, arguments, python, wanted) if arguments.create else None
    if arguments.json:
        say_json({**found, "updated": updated, "created": made})
        return 0
    _print(found, wanted)
    if updated:
        _print_update(updated)
    if made:
        say("")
        say(f"Created {made} as a draft. Next: assay build {made}")
    return 0 if all(one["error"] is None for one in found["files"]) else 1


def _file(name: str) -> dict[str, str]:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{name} cannot be read: {error.strerror}.", hint="Name a file.") from error
    return {"name": "" if name == "-" else Path(name).name, "base64": base64.b64encode(data).decode()}


def _choice(text: str) -> dict[str, str]:
    file, found, choice = text.partition(":")
    if not found:
        raise InvalidInputError(
            f"{text!r} names no choice.", hint='Write it as FILE:CHOICE, such as "pyproject.toml:extra docs".'
        )
    return {"file": file, "name": choice}


def _spec(wanted: dict[str, Any]) -> dict[str, Any]:
    return {"libraries": wanted["libraries"], "constraints": wanted["constraints"]}


def _create(client: Client, arguments: argparse.Namespace, python: str, wanted: dict[str, Any]) -> str:
    made = client.post(
        "/environments",
        {
            "slug": arguments.create,
            "title": arguments.title or arguments.create,
            "python": python,
            **_spec(wanted),
        },
    )
    return str(made["reference"])


def _print(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for file in found["files"]:
        _print_file(file)
    libraries = wanted["libraries"]
    say("")
    python = f" for Python {found['python']}" if found["python"] else ""
    say(f"{plural(len(libraries), 'library')}{python}:")
    for line in libraries:
        say(f"  {line}")
    constraints = wanted["constraints"]
    if constraints:
        say(f"{plural(len(constraints), 'constraint')}; --json lists them.")
    if found["asked_python"] and not found["python"]:
        say(f"The files ask for Python {found['asked_python']}, which is not offered.")


def _print_update(updated: dict[str, Any]) -> None:
    if updated["resolves"]:
        say("It resolves as it is.")
        return
    if updated["python"]:
        say(f"The old list resolves as it is on Python {updated['python']}: --python {updated['python']}")
    say("Updated, since the old list does not resolve:")
    say_table(
        ("Library", "Before", "Now"), [(one["name"], one["before"] or "", one["after"]) for one in updated["rows"]]
    )
    for one in updated["removed"]:
        say(f"Left out: {one['line']}: {one['reason']}")
    for one in updated["replaced"]:
        say(f"Renamed: {one['before']} → {one['after']}: {one['reason']}")


def _print_file(file: dict[str, Any]) -> None:
    name = file["name"] or "standard input"
    if file["error"]:
        say(f"{name}: {file['error']['detail']} {file['error']['hint']}")
        return
    counts = f"{file['taken']} taken, {file['merged']} merged, {len(file['left_out'])} left out"
    say(f"{name} ({file['kind']}): {counts}")
    for one in file["left_out"]:
        line = f"line {one['line']}: " if one["line"] else ""
        say(f"  {line}{one['text']}: {one['reason']}")
    open_choices = [one["name"] for one in file["choices"] if not one["selected"]]
    if open_choices:
        say(f"  Choices: {', '.join(open_choices)}")
