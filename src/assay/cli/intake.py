"""`assay import`: read dependency files of any kind, and create an environment from them, over HTTP."""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.arguments import add_command, add_json
from assay.cli.output import say, say_json
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
    made = _create(client, arguments, found) if arguments.create else None
    if arguments.json:
        say_json({**found, "created": made})
        return 0
    _print(found)
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


def _create(client: Client, arguments: argparse.Namespace, found: dict[str, Any]) -> str:
    wanted = found["intent"] or found
    made = client.post(
        "/environments",
        {
            "slug": arguments.create,
            "title": arguments.title or arguments.create,
            "python": arguments.python or found["python"],
            "libraries": wanted["libraries"],
            "constraints": wanted["constraints"],
        },
    )
    return str(made["reference"])


def _print(found: dict[str, Any]) -> None:
    for file in found["files"]:
        _print_file(file)
    intent = found["intent"]
    libraries = (intent or found)["libraries"]
    say("")
    python = f" for Python {found['python']}" if found["python"] else ""
    say(f"{plural(len(libraries), 'library')}{python}:")
    for line in libraries:
        say(f"  {line}")
    constraints = (intent or found)["constraints"]
    if constraints:
        say(f"{plural(len(constraints), 'constraint')}; --json lists them.")
    if found["asked_python"] and not found["python"]:
        say(f"The files ask for Python {found['asked_python']}, which is not offered.")


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
