"""`assay list`, `show`, `create`, `build`, `submit`, `withdraw`, `approve`, `reject`, `lock`: over HTTP."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.builds import follow_build
from assay.cli.output import say, say_json, say_table
from assay.cli.rollouts import add_plan, plan_from
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, plural
from assay.core.spec import REFERENCE, SLUG

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

HEAD = ("Version", "Status", "Python", "Libraries", "Size", "Title")


def add_to(commands: Commands) -> None:
    """Add the commands."""
    listing = add_command(
        commands, "list", "List environments", _list, examples=("assay list", "assay list --status published --json")
    )
    listing.add_argument(
        "--status", default="", help="only this status: draft, pending, published, deprecated, retired or quarantined"
    )
    listing.add_argument("--templates", action="store_true", help="only templates")
    listing.add_argument("--behind", action="store_true", help="only those behind a newer version of their base")
    add_json(listing)
    _add_create(commands)
    _add_template(commands)
    show = add_command(commands, "show", "Show a version and its libraries", _show, examples=("assay show geo@3",))
    add_json(show)
    build = add_command(
        commands,
        "build",
        "Build a draft and follow its log",
        _build,
        details="Exits with 1 if the build fails.",
        examples=("assay build geo@3",),
    )
    submit = add_command(
        commands,
        "submit",
        "Submit a built draft for review",
        _submit,
        examples=('assay submit geo@3 --note "Adds rio."', "assay submit geo@3 --pilot-groups geo --pilot-starts 20"),
    )
    submit.add_argument("--note", default="", help="note to the reviewers")
    add_plan(submit)
    withdraw = add_command(commands, "withdraw", "Withdraw a submission; it is a draft again", _withdraw)
    approve = add_command(commands, "approve", "Approve a submission", _approve, examples=("assay approve geo@3",))
    approve.add_argument("--note", default="", help="note to the author")
    approve.add_argument("--message", default="", help="of a merge: message to the users of the merged environments")
    approve.add_argument("--ends", metavar="TIME", help="of a merge: when these end, such as 2027-06-30T00:00:00Z")
    reject = add_command(
        commands,
        "reject",
        "Reject a submission; it is a draft again",
        _reject,
        examples=('assay reject geo@3 --feedback "Use pillow 11.1."',),
    )
    reject.add_argument("--feedback", required=True, help="what the author should change")
    lock = add_command(
        commands,
        "lock",
        "Print the lock of a built version (pylock.toml, PEP 751)",
        _lock,
        examples=("assay lock geo@3 > pylock.toml",),
    )
    for command in (show, build, submit, withdraw, approve, reject, lock):
        add_version(command)


def _add_template(commands: Commands) -> None:
    template = add_command(
        commands,
        "template",
        "Mark an environment as template for new ones (administrators)",
        _template,
        examples=("assay template ds101", "assay template ds101 --remove"),
    )
    template.add_argument("name", metavar="NAME", help="short name, such as geo")
    template.add_argument("--remove", action="store_true", help="it is no longer a template")


def _add_create(commands: Commands) -> None:
    create = add_command(
        commands,
        "create",
        "Create an environment; its first version is a draft",
        _create,
        examples=(
            'assay create geo --title "Geodata" --python 3.12 --library "geopandas>=1" --library shapely',
            'assay create tiles --title "Tiles" --base geo@3 --library fastapi',
            'assay create geo-lab --title "Geo lab" --from geo@3 --library jupyterlab',
        ),
    )
    create.add_argument("slug", metavar="NAME", help="short name, such as geo")
    create.add_argument("--title", required=True, help="title in lists")
    create.add_argument("--description", default="", help="what it is for")
    create.add_argument(
        "--library",
        action="append",
        default=[],
        dest="libraries",
        metavar="REQUIREMENT",
        help="library, such as 'pandas>=2' (repeat for more)",
    )
    create.add_argument("--from", metavar="NAME@NUMBER", dest="start", help="version whose libraries are copied")
    create.add_argument("--base", metavar="NAME@NUMBER", help="published version to build on")
    create.add_argument("--python", metavar="VERSION", help="Python version, such as 3.12, unless there is a base")


def path_of(reference: str) -> str:
    """Return the address of `name@number`. Raises InvalidInputError."""
    exact = REFERENCE.fullmatch(reference)
    if exact is None:
        raise InvalidInputError(f"{reference!r} does not name a version.", hint="Write it as name@number.")
    return f"/environments/{exact[1]}/versions/{exact[2]}"


def _list(arguments: argparse.Namespace) -> int:
    marks = {"behind": arguments.behind, "template": arguments.templates}
    query = {"status": arguments.status, **{name: str(value).lower() for name, value in marks.items()}}
    rows = Client.from_environment().get_all(f"/environments?{urlencode(query)}")
    if arguments.json:
        say_json(rows)
    elif rows:
        say_table(HEAD, [_row(one) for one in rows], right=("Libraries", "Size"))
    else:
        say(f"No environment is {arguments.status}." if arguments.status else "No environments.")
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    version, size = f"{one['slug']}@{one['version']}", format_bytes(one["size"]) if one["size"] else "-"
    return version, one["status"], one["python"], f"{one['libraries']:,}", size, one["title"]


def _create(arguments: argparse.Namespace) -> int:
    fields = ("slug", "title", "description", "base", "python", "libraries")
    client, body = Client.from_environment(), {name: getattr(arguments, name) for name in fields}
    if arguments.start:
        spec = client.get(path_of(arguments.start))["spec"]
        body["libraries"] = [*spec["libraries"], *arguments.libraries]
        if not (arguments.base or arguments.python):
            body |= {"base": spec["base"], "python": spec["python"]}
    made = client.post("/environments", body)
    say(f"Created {made['reference']} as a draft. Next: assay build {made['reference']}")
    return 0


def _template(arguments: argparse.Namespace) -> int:
    if not SLUG.fullmatch(arguments.name):
        raise InvalidInputError(f"{arguments.name[:40]!r} does not name an environment.", hint="Leave out @number.")
    body = {"template": not arguments.remove}
    after = Client.from_environment().put(f"/environments/{arguments.name}/template", body)
    say(f"{after['slug']} is {'a template' if after['template'] else 'no longer a template'}.")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    version = client.get(path_of(arguments.version))
    rows = client.get(path_of(arguments.version) + "/libraries")["items"] if version["digest"] else []
    if arguments.json:
        say_json(version | {"libraries": rows})
        return 0
    lines = {
        "Version": version["reference"],
        "Title": version["title"],
        "Status": version["status"],
        "Python": version["python"],
        "Base": version["base"] or "none",
        "Digest": version["digest"] or "not built",
        "Libraries": f"{plural(len(rows), 'library')}, {format_bytes(version['size'])}" if rows else "not built",
    }
    for name, value in lines.items():
        say(f"{name + ':':<11}{value}")
    if rows:
        say("")
        head = ("Library", "Version", "Size", "Licence", "Imported", "Via")
        say_table(head, [_library(one) for one in rows], right=("Size",))
    return 0


def _library(row: dict[str, Any]) -> tuple[str, ...]:
    size, licence = format_bytes(row["size"]), row["licence"] or "-"
    return row["name"], row["version"], size, licence, _imported(row), _via(row)


def _imported(row: dict[str, Any]) -> str:
    """Return in how many sessions of 90 days a library was imported, '-' without sessions that had it."""
    found = row["imported"]
    return f"{found['sessions']:,} of {found['of']:,}" if found["of"] else "-"


def _via(row: dict[str, Any]) -> str:
    return "direct" if row["direct"] else " → ".join(row["via"])


def _build(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    build = follow_build(client, client.post(path_of(arguments.version) + "/build")["build"])
    say(f"{build['state']}: {build['digest']}" if build["digest"] else f"The build is {build['state']}.")
    return 0 if build["state"] == "built" else 1


def _submit(arguments: argparse.Namespace) -> int:
    return _act(arguments, "submit", {"note": arguments.note, "rollout": plan_from(arguments)})


def _withdraw(arguments: argparse.Namespace) -> int:
    return _act(arguments, "withdraw", {})


def _approve(arguments: argparse.Namespace) -> int:
    digest = Client.from_environment().get(path_of(arguments.version))["digest"]
    after = _done(arguments, "approve", {"digest": digest, **_given(arguments, "note", "message", "ends")})
    for one in after["merges"]:
        instead = f"; its successor is {one['successor']}" if one["successor"] else ""
        say(f"{one['environment']} is {one['status']}{instead}.")
    return 0


def _reject(arguments: argparse.Namespace) -> int:
    return _act(arguments, "reject", {"feedback": arguments.feedback})


def _given(arguments: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(arguments, name))}


def _act(arguments: argparse.Namespace, action: str, body: dict[str, Any]) -> int:
    _done(arguments, action, body)
    return 0


def _done(arguments: argparse.Namespace, action: str, body: dict[str, Any]) -> dict[str, Any]:
    """Take an action on a version, say its status, and return it."""
    after: dict[str, Any] = Client.from_environment().post(f"{path_of(arguments.version)}/{action}", body)
    needs = after["review"]["needs"]
    say(f"{after['reference']} is {after['status']} now." + (f" It needs {needs}." if needs else ""))
    return after


def _lock(arguments: argparse.Namespace) -> int:
    sys.stdout.write(Client.from_environment().get(path_of(arguments.version) + "/lock"))
    return 0
