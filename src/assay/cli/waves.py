"""`assay rebase` and `assay wave`: rebase what builds on a base on its newer version, over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_group, add_json
from assay.cli.output import Tone, say, say_json, say_table, tint
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import plural
from assay.core.maintenance.wave_plan import counts_in_words
from assay.core.spec import REFERENCE, SLUG

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

TONES = {"failed": Tone.BAD, "published": Tone.GOOD, "done": Tone.GOOD, "stopped": Tone.WARN}
PLAN_HEAD = ("Environment", "Builds on", "Owner", "Level", "What happens")
LIST_HEAD = ("Wave", "Base", "State", "Environments", "Progress", "Started by")
TARGETS_HEAD = ("Environment", "State", "New version", "Changes", "Owner", "Level")


def add_to(commands: Commands) -> None:
    """Add the commands."""
    rebase = add_command(
        commands,
        "rebase",
        "Rebase what builds on a base on its active version",
        _rebase,
        details=(
            "Starts a wave: each environment gets a draft on the new base with as few changed versions as\n"
            "possible, which is built and submitted. Reviewers rebase everything, members what they own."
        ),
        examples=(
            "assay rebase ds101 --plan",
            "assay rebase ds101@4",
            "assay rebase ds101 --targets geo,tiles",
        ),
    )
    rebase.add_argument("base", metavar="NAME[@NUMBER]", help="base, such as ds101 or ds101@4")
    rebase.add_argument("--targets", default="", metavar="NAMES", help="only these environments, separated by commas")
    rebase.add_argument("--plan", action="store_true", help="show what would happen, and start nothing")
    add_json(rebase)
    group = add_group(commands, "wave", "Show, stop and retry waves of rebased environments")
    listing = add_command(
        group, "list", "List waves, newest first", _list, examples=("assay wave list --base ds101",)
    )
    listing.add_argument("--base", default="", metavar="NAME", help="only waves on this base")
    add_json(listing)
    show = add_command(group, "show", "Show a wave with the state of each environment", _show)
    stop = add_command(
        group,
        "stop",
        "Stop a wave",
        _stop,
        details="Cancels its builds and starts nothing new. What was submitted or published stays.",
    )
    retry = add_command(group, "retry", "Retry the failed environments of a wave", _retry)
    for command in (show, stop, retry):
        command.add_argument("wave", type=int, metavar="NUMBER", help="number of the wave")
        add_json(command)
    stop.add_argument("--delete-drafts", action="store_true", help="delete its drafts, except edited ones")


def _rebase(arguments: argparse.Namespace) -> int:
    exact = REFERENCE.fullmatch(arguments.base)
    name = exact[1] if exact else arguments.base
    if not SLUG.fullmatch(name):
        raise InvalidInputError(f"{name[:40]!r} does not name an environment.", hint="Write geo or geo@3.")
    client, path = Client.from_environment(), f"/environments/{name}/rebase"
    if arguments.plan:
        return _plan(client.get(path), as_json=arguments.json)
    targets = [one.strip() for one in arguments.targets.split(",") if one.strip()]
    body = {"base": arguments.base if exact else "", "targets": targets or None}
    made = client.post(path, body)
    if arguments.json:
        say_json(made)
    else:
        say(f"Wave {made['wave']} has started. Next: assay wave show {made['wave']}")
    return 0


def _plan(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        say_json(found)
        return 0
    rows = [(one, _happens(one)) for one in found["targets"]] + [(one, one["words"]) for one in found["skipped"]]
    if rows:
        say_table(PLAN_HEAD, [_planned(one, words) for one, words in rows], right=("Level",))
    say(f"{plural(len(found['targets']), 'environment')} would be rebased on {found['base']}.")
    return 0


def _happens(one: dict[str, Any]) -> str:
    waits = one["waits_for"]
    return f"drafted when {waits} is published" if waits else "drafted, built and submitted"


def _planned(one: dict[str, Any], words: str) -> tuple[str, ...]:
    return f"{one['environment']}@{one['version']}", one["base"], one["owner"], str(one["level"]), words


def _list(arguments: argparse.Namespace) -> int:
    rows = Client.from_environment().get_all(f"/waves?{urlencode({'base': arguments.base})}")
    if arguments.json:
        say_json(rows)
    elif rows:
        say_table(LIST_HEAD, [_row(one) for one in rows], right=("Wave", "Environments"))
    else:
        say("No waves.")
    return 0


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(one["id"]),
        one["base"],
        one["state"],
        f"{one['targets']:,}",
        counts_in_words(one["counts"]),
        one["by"],
    )


def _show(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), f"/waves/{arguments.wave}"
    found = client.get(path)
    found["items"] = client.get_all(f"{path}?limit=200")
    return _print(found, as_json=arguments.json)


def _stop(arguments: argparse.Namespace) -> int:
    body = {"delete_drafts": arguments.delete_drafts}
    found = Client.from_environment().post(f"/waves/{arguments.wave}/stop", body)
    return _print(found, as_json=arguments.json)


def _retry(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().post(f"/waves/{arguments.wave}/retry")
    return _print(found, as_json=arguments.json)


def _print(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        say_json(found)
        return 0
    state = tint(found["state"], TONES.get(found["state"], Tone.PLAIN))
    said = f"  {found['message']}" if found["message"] else ""
    say(f"{tint('Wave ' + str(found['id']), Tone.STRONG)} on {found['base']}  {state}{said}")
    say(f"{counts_in_words(found['counts'])}, of {plural(found['targets'], 'environment')}. By {found['by']}.")
    say("")
    say_table(TARGETS_HEAD, [_target(one) for one in found["items"]], right=("Level",))
    for one in found["items"]:
        if one["message"]:
            say("")
            say(f"{tint(one['environment'], Tone.STRONG)}: {one['message']}")
    return 0


def _target(one: dict[str, Any]) -> tuple[str, ...]:
    changes = one["changes"]
    words = f"+{changes['added']} -{changes['removed']} ~{changes['changed']}" if "added" in changes else "-"
    waits = f" (waits for {one['waits_for']})" if one["waits_for"] else ""
    return (
        one["environment"],
        one["state"] + waits,
        one["draft"] or "-",
        words,
        one["owner"],
        str(one["level"]),
    )
