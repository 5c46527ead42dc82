"""`assay activate` and `assay rollout`: what the name of an environment stands for, and who gets it first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.output import Tone, say, say_json, tint
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import plural
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.spec import REFERENCE, SLUG

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

TONES = {"halted": Tone.BAD, "completed": Tone.GOOD}


def add_to(commands: Commands) -> None:
    """Add the commands."""
    activate = add_command(
        commands,
        "activate",
        "Let the name of an environment stand for a published version",
        _activate,
        details="People who use the name get the version at their next start. It ends a roll-out in progress.",
        examples=('assay activate geo@3 --reason "geo@4 reads tiles wrongly."',),
    )
    add_version(activate)
    activate.add_argument("--reason", required=True, help="why people should get this version")
    rollout = add_command(
        commands,
        "rollout",
        "Show the roll-out of an environment, or complete, stop or resume it",
        _rollout,
        examples=("assay rollout geo", 'assay rollout geo --resume --reason "The proxy was down."'),
    )
    rollout.add_argument("name", metavar="NAME", help="environment")
    actions = rollout.add_mutually_exclusive_group()
    for action, text in (
        ("complete", "give the version to everyone now"),
        ("stop", "give the pilot group the version before"),
        ("resume", "resume a halted pilot, counting from the beginning"),
    ):
        actions.add_argument(f"--{action}", dest="action", action="store_const", const=action, help=text)
    rollout.add_argument("--reason", default="", help="why; needed to resume or complete a halted one")
    add_json(rollout)


def add_plan(command: argparse.ArgumentParser) -> None:
    """Add the options that say who gets a version first."""
    command.add_argument(
        "--pilot", metavar="NAMES", help="people who get it first, separated by commas; '' for everyone at once"
    )
    command.add_argument("--pilot-groups", metavar="GROUPS", help="groups that get it first, separated by commas")
    command.add_argument(
        "--pilot-starts", type=int, default=0, metavar="NUMBER", help="everyone gets it after so many good starts"
    )
    command.add_argument(
        "--pilot-days",
        type=int,
        default=0,
        metavar="DAYS",
        help="everyone gets it after so many days without a failure",
    )


def plan_from(arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Return the roll-out that the options say, None when they say nothing."""
    if arguments.pilot is None and arguments.pilot_groups is None:
        if arguments.pilot_starts or arguments.pilot_days:
            raise InvalidInputError("Nobody is named.", hint="Add --pilot or --pilot-groups.")
        return None
    people, groups = (
        [one.strip() for one in (text or "").split(",") if one.strip()]
        for text in (arguments.pilot, arguments.pilot_groups)
    )
    return {
        "people": people,
        "groups": groups,
        "starts": arguments.pilot_starts,
        "days": arguments.pilot_days,
    }


def _activate(arguments: argparse.Namespace) -> int:
    exact = REFERENCE.fullmatch(arguments.version)
    if exact is None:
        raise InvalidInputError(f"{arguments.version!r} does not name a version.", hint="Write it as name@number.")
    body = {"version": int(exact[2]), "reason": arguments.reason}
    after = Client.from_environment().post(f"/environments/{exact[1]}/active", body)
    say(f"{after['slug']} means {after['slug']}@{after['active']} now.")
    return 0


def _rollout(arguments: argparse.Namespace) -> int:
    if not SLUG.fullmatch(arguments.name):
        raise InvalidInputError(f"{arguments.name[:40]!r} does not name an environment.", hint="Leave out @number.")
    client, path = Client.from_environment(), f"/environments/{arguments.name}/rollout"
    if arguments.action:
        client.post(path, {"action": arguments.action, "reason": arguments.reason})
    found = client.get(path)
    if arguments.json:
        say_json(found)
    else:
        _print(arguments.name, found)
    return 0


def _print(name: str, found: dict[str, Any]) -> None:
    plan = RolloutPlan(
        people=tuple(found["people"]),
        groups=tuple(found["groups"]),
        starts=found["starts_needed"],
        days=found["days_needed"],
    )
    state = tint(found["state"], TONES.get(found["state"], Tone.PLAIN))
    members = "1 person" if found["pilot"] == 1 else f"{found['pilot']:,} people"
    good = found["starts"] - found["failures"]
    reference = tint(f"{name}@{found['version']}", Tone.STRONG)
    say(f"{reference}  {state}" + _said(found["message"]))
    say(f"Pilot:   {plan.who} ({members})")
    say(f"Ends:    after {plan.until}")
    say(f"Starts:  {good:,} good, {found['failures']:,} failed ({_percent(found['failed_share'])})")
    before = f"{found['failures_before']:,} of {plural(found['starts_before'], 'start')} failed"
    number = f"{name}@{found['before']}" if found["before"] else "none"
    say(f"Before:  {number}, {before} ({_percent(found['failed_share_before'])})")


def _said(message: str) -> str:
    return f"  {message}" if message else ""


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
