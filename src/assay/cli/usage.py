"""`assay usage`: what is used and what it costs, over HTTP; `assay usage rebuild` on the server's machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_workspace
from assay.cli.output import say, say_json, say_table
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, format_money, plural
from assay.core.usage import DEFAULT_PERIOD, PERIODS

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

HEAD = ("People", "Launches", "Runs", "Hours", "Last used", "Size", "Own", "Cost", "Imported")
RIGHT = ("People", "Launches", "Runs", "Hours", "Size", "Own", "Cost", "Imported", "Environments")
NONE = "-"


def add_to(commands: Commands) -> None:
    """Add `assay usage`."""
    usage = add_command(
        commands,
        "usage",
        "List versions by their use, with their bytes and costs",
        _usage,
        details=(
            "Own is what retiring would free. Costs need ASSAY_SIZE_PRICES or ASSAY_STORAGE_PRICE on the server.\n"
            "`assay usage rebuild` computes all sums again from the launches, on the server's machine."
        ),
        examples=(
            "assay usage --days 30",
            "assay usage --by environment --unused",
            "assay usage --daily geo --json",
            "assay usage rebuild",
        ),
    )
    usage.add_argument("action", nargs="?", choices=["rebuild"], help="compute all sums again")
    usage.add_argument(
        "--days",
        type=int,
        default=DEFAULT_PERIOD,
        choices=PERIODS,
        help="period up to today (default: %(default)s)",
    )
    usage.add_argument(
        "--by",
        default="version",
        choices=["version", "environment", "owner", "group"],
        help="what a row is (default: %(default)s)",
    )
    usage.add_argument("--unused", action="store_true", help="only what was not used in the period")
    usage.add_argument(
        "--daily", nargs="?", const="", metavar="NAME", help="each day instead, of an environment or of all"
    )
    add_workspace(usage)
    add_json(usage)


def _usage(arguments: argparse.Namespace) -> int:
    if arguments.action == "rebuild":
        return _rebuild(arguments)
    if arguments.daily is not None:
        return _daily(arguments)
    query = {"days": arguments.days, "by": arguments.by, "limit": 100}
    query |= {"show": "unused"} if arguments.unused else {}
    client, items, cursor = Client.from_environment(), [], ""
    while cursor is not None:
        found = client.get(f"/usage?{urlencode(query | ({'cursor': cursor} if cursor else {}))}")
        items += found["items"]
        cursor = found["next"]
    if arguments.json:
        say_json({"items": items})
    elif items:
        _print(items, arguments.by)
    else:
        say("Nothing is published yet." if not arguments.unused else f"Everything was used in {arguments.days} days.")
    return 0


def _print(items: list[dict[str, Any]], by: str) -> None:
    """Print a table; the columns of costs and imports only where there are any."""
    head = (by.capitalize(), *(["Environments"] if "environments" in items[0] else []), *HEAD)
    rows = [_cells(one) for one in items]
    kept = [
        at for at, name in enumerate(head) if name not in {"Cost", "Imported"} or any(row[at] != NONE for row in rows)
    ]
    say_table([head[at] for at in kept], [[row[at] for at in kept] for row in rows], right=RIGHT)
    if items[0]["cost"] is not None:
        total = sum(one["cost"] for one in items)
        say(f"{plural(len(items), 'row')}, {format_money(total, items[0]['currency'])}")


def _cells(one: dict[str, Any]) -> list[object]:
    name = one.get("name") if "name" in one else f"{one['environment']}@{one['version'] or NONE}"
    return [
        name or NONE,
        *([one["environments"]] if "environments" in one else []),
        f"{one['people']:,}",
        f"{one['launches']:,}",
        f"{one['runs']:,}",
        f"{one['hours']:,.1f}",
        one["last_used"] or "never",
        format_bytes(one["size"]),
        format_bytes(one["own_size"]),
        NONE if one["cost"] is None else format_money(one["cost"], one["currency"]),
        NONE if one.get("imported") is None else f"{one['imported']} of {one['libraries']}",
    ]


def _daily(arguments: argparse.Namespace) -> int:
    query = urlencode({"days": arguments.days} | ({"environment": arguments.daily} if arguments.daily else {}))
    found = Client.from_environment().get(f"/usage/daily?{query}")
    if arguments.json:
        say_json(found)
    else:
        rows = [
            (one["day"], one["people"], one["launches"], one["runs"], f"{one['hours']:,.1f}")
            for one in found["items"]
        ]
        head = ("Day", "People", "Launches", "Runs", "Hours")
        say_table(head, rows, right=head[1:])
    return 0


def _rebuild(arguments: argparse.Namespace) -> int:
    from assay.cli.serve import ready  # noqa: PLC0415 - the settings are read only here

    ready()
    from assay.flow.usage.update import rebuild_all  # noqa: PLC0415 - after the settings
    from assay.store.models import Workspace  # noqa: PLC0415 - as above

    workspace = Workspace.objects.filter(slug=arguments.workspace).first()
    if workspace is None:
        raise InvalidInputError(
            f"There is no workspace {arguments.workspace[:40]!r}.", hint="Check --workspace.", path="workspace"
        )
    say(f"Computed the sums of usage again from {rebuild_all(workspace.pk):,} launches.")
    return 0
