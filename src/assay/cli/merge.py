"""`assay merge`: one draft that covers two to five environments, or the plan of it, over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json
from assay.cli.output import say, say_json, say_table
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

HEAD = ("Version", "People", "Projects", "Gained", "Lost", "Moved", "Not covered")


def add_to(commands: Commands) -> None:
    """Add `assay merge`."""
    merge = add_command(
        commands,
        "merge",
        "Create a draft that covers two to five environments",
        _merge,
        details=(
            "Resolves the union of their direct libraries with as few version changes as possible.\n"
            "Publishing the draft deprecates the merged environments, with it as their successor."
        ),
        examples=(
            'assay merge geo@3 tiles@1 --slug maps --title "Maps"',
            "assay merge geo tiles --by imported --plan",
            "assay merge geo tiles --slug geo --take gdal:geo@3 --leave mapnik",
        ),
    )
    merge.add_argument("versions", nargs="+", metavar="NAME[@NUMBER]", help="published version, such as geo@3")
    merge.add_argument("--slug", default="", metavar="NAME", help="short name: a new one, or that of a merged one")
    merge.add_argument("--title", default="", help="title in lists, for a new short name")
    merge.add_argument(
        "--by",
        choices=("asked", "imported"),
        default="asked",
        help="all direct libraries, or only those imported in 90 days (default: %(default)s)",
    )
    merge.add_argument("--python", default="", metavar="VERSION", help="Python version, instead of the newest")
    merge.add_argument(
        "--leave", action="append", default=[], metavar="LIBRARY", help="library to leave out (repeat)"
    )
    merge.add_argument(
        "--take",
        action="append",
        default=[],
        metavar="LIBRARY:NAME@NUMBER",
        help="version whose requirement on a library counts alone (repeat)",
    )
    merge.add_argument("--plan", action="store_true", help="show what would change, and create nothing")
    add_json(merge)


def _merge(arguments: argparse.Namespace) -> int:
    return _plan(arguments) if arguments.plan else _create(arguments)


def _create(arguments: argparse.Namespace) -> int:
    take = dict(one.partition(":")[::2] for one in arguments.take)
    if not arguments.slug:
        raise InvalidInputError("The draft needs a short name.", hint="Add --slug NAME, or --plan to create nothing.")
    fields = ("versions", "slug", "title", "by", "python", "leave")
    body = {name: getattr(arguments, name) for name in fields} | {"take": take}
    made = Client.from_environment().post("/merge", body)
    if arguments.json:
        say_json(made)
    else:
        say(f"Created {made['reference']} as a draft. Next: assay build {made['reference']}")
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    query = {"versions": ",".join(arguments.versions), "by": arguments.by, "python": arguments.python}
    repeated = {"leave": arguments.leave, "take": arguments.take}
    found = Client.from_environment().get(f"/merge/plan?{urlencode({**query, **repeated}, doseq=True)}")
    if arguments.json:
        say_json(found)
    else:
        _print(found)
    return 0 if found["merged"] else 1


def _print(found: dict[str, Any]) -> None:
    for one in found["exclusions"]:
        wanted = ", ".join(f"{asked['version']} asks for {asked['line']}" for asked in one["wanted"])
        say(f"No version of {one['name']} fits: {wanted}. Use --take or --leave.")
    if found["error"]:
        say(found["error"]["detail"])
    for fix in found["fixes"]:
        take = " ".join(f"--take {name}:{reference}" for name, reference in fix.get("take", {}).items())
        say(f"This resolves: {take or ' '.join(f'--leave {name}' for name in fix['leave'])}")
    merged = found["merged"]
    if not merged:
        return
    count, size = plural(len(merged["libraries"]), "library"), format_bytes(merged["size"])
    say(f"{count}, {size}, on {found['base'] or 'Python ' + found['python']}.")
    say("")
    say_table(HEAD, [_row(one) for one in merged["sources"]], right=HEAD[1:6])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    counts = (one["people"], len(one["projects"]), len(one["gain"]), len(one["lose"]), len(one["change"]))
    return one["environment"], *(f"{count:,}" for count in counts), ", ".join(one["unserved"]) or "-"
