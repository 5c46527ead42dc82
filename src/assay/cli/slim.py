"""`assay slim`: a draft without the direct libraries that nobody imports, or the plan of it, over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.environments import path_of
from assay.cli.output import say, say_json, say_table
from assay.client import Client
from assay.core.errors import ConflictError
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add `assay slim`."""
    slim = add_command(
        commands,
        "slim",
        "Create a draft without the direct libraries that nobody imports",
        _slim,
        details=(
            "Leaves out the direct libraries that no session of the environment imported in 90 days, unless an\n"
            "imported one or a kernel needs them. `assay show` lists how often each library is imported."
        ),
        examples=("assay slim geo@3 --plan", "assay slim geo@3 --keep matplotlib"),
    )
    add_version(slim)
    slim.add_argument(
        "--keep", action="append", default=[], metavar="LIBRARY", help="library to keep nevertheless (repeat)"
    )
    slim.add_argument("--plan", action="store_true", help="show what would be left out, and create nothing")
    add_json(slim)


def _slim(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), f"{path_of(arguments.version)}/slim"
    found = client.get(path)
    if arguments.keep:
        drop = [one for one in found["candidates"] if one not in arguments.keep]
        if not drop:
            raise ConflictError("Nothing is left out: you keep every candidate.", hint="Keep fewer libraries.")
        found = client.get(f"{path}?{urlencode({'drop': drop}, doseq=True)}")
    chosen = [one["name"] for one in found["drop"]]
    made = found if arguments.plan else client.post(path, {"drop": chosen})
    if arguments.json:
        say_json(made)
        return 0
    _print(found)
    if not arguments.plan:
        say("")
        say(f"Created {made['reference']} as a draft. Next: assay build {made['reference']}")
    return 0


def _print(found: dict[str, Any]) -> None:
    say(
        f"{plural(len(found['drop']), 'direct library')} of {found['version']} never imported in "
        f"{plural(found['sessions'], 'session')} in 90 days; leaving out saves {format_bytes(found['saved'])}."
    )
    say("")
    rows = [(one["name"], one["version"], format_bytes(one["size"]), "direct") for one in found["drop"]]
    rows += [(one["name"], one["version"], format_bytes(one["size"]), "dependency") for one in found["remove"]]
    say_table(("Library", "Version", "Size", "Why"), rows, right=("Size",))
    for word, names in (("Added", found["add"]), ("Kept", [one["name"] for one in found["keep"]])):
        if names:
            say(f"{word}: {', '.join(names)}.")
    for one in found["version_changes"]:
        say(f"Changes: {one['name']} {one['before']} → {one['after']}.")
