"""`assay list`, `show`, `create`, `build`, `submit`, `approve`, `reject`, `lock`: over HTTP."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from assay.client import Client, RemoteError
from assay.core.errors import InvalidInputError
from assay.core.spec import REFERENCE

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    listing = commands.add_parser("list", help="list environments")
    listing.add_argument("--status", default="")
    listing.set_defaults(run=_list)
    create = commands.add_parser("create", help="make a draft of a new environment")
    create.add_argument("slug")
    create.add_argument("--library", action="append", default=[], dest="libraries", metavar="LINE")
    create.add_argument("--title", required=True)
    create.add_argument("--description", default="")
    create.add_argument("--base")
    create.add_argument("--python")
    create.set_defaults(run=_create)
    for name, text, run in (
        ("show", "show a version", _show),
        ("build", "build a draft and follow it", _build),
        ("withdraw", "take a submission back", _withdraw),
        ("lock", "print the lock of a built version", _lock),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("version", help="name@number")
        command.set_defaults(run=run)
    for name, text, field, run in (
        ("submit", "put a built draft up for approval", "note", _submit),
        ("approve", "approve what is pending", "note", _approve),
        ("reject", "give a submission back", "feedback", _reject),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("version", help="name@number")
        command.add_argument(f"--{field}", default="", required=field == "feedback")
        command.set_defaults(run=run)


def path_of(reference: str) -> str:
    """Return the address of `name@number`. Raises InvalidInputError."""
    exact = REFERENCE.fullmatch(reference)
    if exact is None:
        raise InvalidInputError(f"{reference!r} does not name a version.", hint="Write it as name@number.")
    return f"/environments/{exact[1]}/versions/{exact[2]}"


def _list(arguments: argparse.Namespace) -> int:
    client, cursor = Client.from_environment(), ""
    while True:
        page = client.get(f"/environments?status={arguments.status}&cursor={cursor}")
        for row in page["items"]:
            _say(
                f"{row['slug']}@{row['version']:<4} {row['status']:<11} Python {row['python']:<5} "
                f"{row['libraries']:>4} libraries  {row['title']}"
            )
        cursor = page["next"]
        if not cursor:
            return 0


def _create(arguments: argparse.Namespace) -> int:
    made = Client.from_environment().post(
        "/environments",
        {
            "slug": arguments.slug,
            "title": arguments.title,
            "description": arguments.description,
            "base": arguments.base,
            "python": arguments.python,
            "libraries": arguments.libraries,
        },
    )
    _say(f"{made['reference']} is a draft. Next: assay build {made['reference']}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    version = client.get(path_of(arguments.version))
    _say(f"{version['reference']}  {version['status']}  {version['title']}")
    _say(f"Python {version['python']}, base {version['base'] or 'none'}, lock {version['digest'] or 'none'}")
    if version["digest"]:
        for row in client.get(path_of(arguments.version) + "/libraries")["items"]:
            via = " via " + " → ".join(row["via"]) if row["via"] else ""
            _say(f"  {row['name']}=={row['version']}{via}")
    return 0


def _build(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    build = client.post(path_of(arguments.version) + "/build")["build"]
    offset = 0
    while True:
        state: dict[str, Any] = client.get(f"/builds/{build}")
        log = client.get(f"/builds/{build}/log?offset={offset}")
        sys.stdout.write(log["text"])
        sys.stdout.flush()
        offset = log["next"]
        if state["finished"] and log["done"]:
            break
        time.sleep(0.3)
    if state["failure"]:
        raise RemoteError(state["failure"]["detail"], hint=state["failure"]["hint"])
    _say(f"{state['state']}: {state['digest']}")
    return 0 if state["state"] == "built" else 1


def _submit(arguments: argparse.Namespace) -> int:
    return _act(arguments, "submit", {"note": arguments.note})


def _withdraw(arguments: argparse.Namespace) -> int:
    return _act(arguments, "withdraw", {})


def _approve(arguments: argparse.Namespace) -> int:
    digest = Client.from_environment().get(path_of(arguments.version))["digest"]
    return _act(arguments, "approve", {"digest": digest, "note": arguments.note})


def _reject(arguments: argparse.Namespace) -> int:
    return _act(arguments, "reject", {"feedback": arguments.feedback})


def _act(arguments: argparse.Namespace, action: str, body: dict[str, Any]) -> int:
    after = Client.from_environment().post(f"{path_of(arguments.version)}/{action}", body)
    _say(f"{after['reference']} is {after['status']} now.")
    return 0


def _lock(arguments: argparse.Namespace) -> int:
    sys.stdout.write(Client.from_environment().get(path_of(arguments.version) + "/lock"))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
