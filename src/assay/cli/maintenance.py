"""`assay review-list`, `keep`, `renew` and `owner`: over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.environments import path_of
from assay.cli.output import Tone, say, say_json, say_table, tint
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, plural
from assay.core.maintenance.review_rules import ReasonKind
from assay.core.spec import SLUG

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

HEAD = ("Version", "Owner", "Since", "People", "Projects", "Built on it", "Frees", "Next step", "Why")
KEPT = ("Version", "Until", "By", "Reason")
PAGE = 200  # rows of one request


def add_to(commands: Commands) -> None:
    """Add the commands."""
    listing = add_command(
        commands,
        "review-list",
        "List the published versions that a rule of the workspace selects for review",
        _list,
        details="Reviewers only. Oldest reason first. Administrators set the rules on the page To review.",
        examples=("assay review-list", "assay review-list --reason unused --owner ana --json"),
    )
    listing.add_argument("--reason", choices=[str(one) for one in ReasonKind], default="", help="only this reason")
    listing.add_argument("--owner", default="", metavar="NAME", help="only environments of this person")
    listing.add_argument("--text", default="", metavar="TEXT", help="a part of the name or title, or name@number")
    listing.add_argument("--kept", action="store_true", help="list the versions that are kept instead")
    add_json(listing)
    keep = add_command(
        commands,
        "keep",
        "Keep a version out of the review list until a day",
        _keep,
        examples=('assay keep geo@3 --until 2027-06-30 --reason "Yearly report."', "assay keep geo@3 --end"),
    )
    keep.add_argument("version", metavar="NAME[@NUMBER]", help="version; a name stands for its active version")
    keep.add_argument("--until", metavar="DAY", help="day on which it is reviewed again, such as 2027-06-30")
    keep.add_argument("--reason", default="", help="why it is kept")
    keep.add_argument("--end", action="store_true", help="stop keeping it")
    renew = add_command(
        commands,
        "renew",
        "Renew the approval of a version, or show what changed since it was given",
        _renew,
        details="Without --reason it shows what changed, and changes nothing.",
        examples=("assay renew geo@3", 'assay renew geo@3 --reason "Still used daily."'),
    )
    add_version(renew)
    renew.add_argument("--reason", default="", help="why it is still good; renews the approval")
    add_json(renew)
    owner = add_command(
        commands, "owner", "Give an environment to another owner", _owner, examples=("assay owner geo --to ana",)
    )
    owner.add_argument("name", metavar="NAME", help="environment")
    owner.add_argument("--to", required=True, metavar="PERSON", help="user name of the new owner")


def _list(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    filters = {"reason": arguments.reason, "owner": arguments.owner, "text": arguments.text}
    query = {name: value for name, value in filters.items() if value} | {"limit": PAGE}
    if arguments.kept:
        query["kept"] = "true"
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = client.get(f"/review-list?{urlencode({**query, 'cursor': cursor})}")
        found += page["items"]
        cursor = page["next"]
    if arguments.json:
        say_json(found)
    elif arguments.kept:
        say_table(KEPT, [_kept(one) for one in found]) if found else say("No version is kept.")
    elif found:
        say_table(HEAD, [_row(one) for one in found], right=HEAD[3:7])
        total = format_bytes(sum(one["frees"] for one in found))
        say(f"\n{plural(len(found), 'version')}. Retiring them would free at least {total}.")
    else:
        say("Nothing to review.")
    return 0


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    why = " ".join(reason["words"] for reason in one["reasons"])
    counts = (f"{one[name]:,}" for name in ("people", "projects", "derived"))
    size = format_bytes(one["frees"]) if one["frees"] else "-"
    return one["reference"], one["owner"], one["since"], *counts, size, one["proposal"]["words"], why


def _kept(one: dict[str, Any]) -> tuple[str, ...]:
    kept = one["kept"]
    return one["reference"], kept["until"], kept["by"], kept["reason"]


def _keep(arguments: argparse.Namespace) -> int:
    client, body = Client.from_environment(), {"environment": arguments.version}
    if arguments.end:
        say(f"{client.post('/review-list/keep/end', body)['reference']} is no longer kept.")
        return 0
    if not arguments.until:
        raise InvalidInputError("A day is needed.", hint="Add --until 2027-06-30, or --end to stop keeping it.")
    kept = client.post("/review-list/keep", {**body, "until": arguments.until, "reason": arguments.reason})
    say(f"{kept['reference']} is kept until {kept['until']}.")
    return 0


def _renew(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), path_of(arguments.version)
    if arguments.reason:
        renewed = client.post(f"{path}/renew", {"reason": arguments.reason})
        if arguments.json:
            say_json(renewed)
        else:
            until = f" It is good until {renewed['approval']['ends']}." if renewed["approval"] else ""
            say(f"The approval of {renewed['reference']} is renewed.{until}")
        return 0
    found = client.get(f"{path}/renewal")
    if arguments.json:
        say_json(found)
    else:
        _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    end = found["approval"]
    until = f"{end['words']}, on {end['ends']}" if end else "its approval does not end"
    say(f"{tint(found['reference'], Tone.STRONG)}  approved on {found['approved'][:10]}; {until}")
    people = "1 person" if found["people"] == 1 else f"{found['people']:,} people"
    projects = plural(found["projects"], "project")
    say(f"Use:       {people} in 90 days, {projects}, {len(found['derived']):,} built on it")
    say(f"Findings:  {len(found['blocking']):,} blocking, {plural(len(found['warnings']), 'warning')}")
    if not found["assessed"]:
        say("           Vulnerabilities are not assessed: no advisory feed is loaded.")
    for one in (*found["blocking"], *found["warnings"]):
        say(f"  {one['effect']:<5}  {tint(one['words'])}")
    for one in found["libraries"]:
        newest = f" -> {one['newest']} ({one['step']})" if one["newest"] else ""
        licence = f", licence {one['licences'][0]} -> {one['licences'][1]}" if one["licences"] else ""
        status = f", {one['status']}" if one["status"] else ""
        say(f"  {one['name']} {one['version']}{newest}{licence}{status}")


def _owner(arguments: argparse.Namespace) -> int:
    if not SLUG.fullmatch(arguments.name):
        raise InvalidInputError(f"{arguments.name[:40]!r} does not name an environment.", hint="Leave out @number.")
    after = Client.from_environment().post(f"/environments/{arguments.name}/owner", {"owner": arguments.to})
    say(f"{after['slug']} belongs to {after['owner']} now.")
    return 0
