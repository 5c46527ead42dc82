"""`assay impact`, `deprecate`, `restore`, `retire`, `quarantine`, `release`: the end of a version, over HTTP."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.backup import restore_backup
from assay.cli.environments import path_of
from assay.cli.output import Tone, say, say_json, say_table, tint
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

NAMED = 10  # names in one line
RESTORE = """\
A retired version whose files were removed is built again from its lock.

With --key-file, on the server's machine: restore a backup into an empty
ASSAY_HOME and an empty database. Every published environment is queued to be
built again from its lock.
"""


def add_to(commands: Commands) -> None:
    """Add the commands."""
    impact = add_command(
        commands,
        "impact",
        "Show who and what is affected by ending a version, and how well a successor covers it",
        _impact,
        examples=(
            "assay impact geo@3",
            "assay impact geo@3 --successor geo@4",
            "assay impact geo@3 --json | jq .lost",
        ),
    )
    add_version(impact)
    impact.add_argument("--successor", metavar="NAME@NUMBER", help="version to use instead (default: the named one)")
    add_json(impact)
    _add_deprecate(commands)
    restore = add_command(
        commands,
        "restore",
        "Publish a deprecated version again, or make a retired one deprecated again; or restore a backup",
        _restore,
        details=RESTORE,
        examples=(
            "assay restore geo@3",
            "ASSAY_HOME=/srv/assay assay restore assay.backup --key-file assay-backup.key",
        ),
    )
    restore.add_argument("version", metavar="NAME@N-OR-FILE", help="the version, or with --key-file the backup")
    restore.add_argument("--key-file", metavar="PATH", type=Path, help="restore the backup that this key encrypted")
    retire = _add_reasoned(
        commands,
        "retire",
        "Retire a deprecated version: nobody can launch it",
        _retire,
        details="What runs in it is stopped after 24 hours. Its name leads to its successor.",
        examples=('assay retire geo@3 --reason "Replaced by geo@4."',),
    )
    retire.add_argument("--force", action="store_true", help="although it is in use")
    _add_reasoned(
        commands,
        "quarantine",
        "Quarantine a version: nobody can launch it until it is released",
        _act("quarantine", "is quarantined"),
        examples=('assay quarantine geo@3 --reason "Malware in acme 1.2."',),
    )
    _add_reasoned(
        commands,
        "release",
        "Release a version from quarantine",
        _act("release", "is released from quarantine"),
        examples=('assay release geo@3 --reason "False alarm."',),
    )


def _add_deprecate(commands: Commands) -> None:
    deprecate = add_command(
        commands,
        "deprecate",
        "Deprecate a published version, or change its deprecation",
        _deprecate,
        details="For a deprecated version, options that you leave out keep their values.",
        examples=(
            'assay deprecate geo@3 --message "Python 3.9 ends." --successor geo@4 --end 2027-06-30',
            "assay deprecate geo@3 --end 2027-09-30",
            'assay deprecate geo@3 --end ""',
        ),
    )
    add_version(deprecate)
    deprecate.add_argument("--message", help="what its users read")
    deprecate.add_argument("--successor", metavar="NAME@NUMBER", help="version to use instead, '' for none")
    deprecate.add_argument("--end", metavar="DAY", help="last day, such as 2027-06-30 (UTC), '' for none")
    _add_token(deprecate)


def _add_reasoned(commands: Commands, name: str, summary: str, run: Any, **more: Any) -> argparse.ArgumentParser:  # noqa: ANN401 - passed on
    command = add_command(commands, name, summary, run, **more)
    add_version(command)
    command.add_argument("--reason", required=True, help="why; the users of the version read it")
    _add_token(command)
    return command


def _add_token(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--impact", metavar="TOKEN", help="token of `assay impact`: refuse when the impact is another one by now"
    )


def _impact(arguments: argparse.Namespace) -> int:
    query = "" if arguments.successor is None else "?" + urlencode({"successor": arguments.successor})
    found = Client.from_environment().get(f"{path_of(arguments.version)}/impact{query}")
    if arguments.json:
        say_json(found)
    else:
        _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    running, projects = found["running"], found["projects"]
    counts = found["counts"]
    lines = {
        "Version": tint(found["environment"], Tone.STRONG),
        "People": _some(found["names"], found["people"]) + " in 90 days",
        "Running": f"{plural(running['servers'], 'server')}, {plural(running['runs'], 'run')}, "
        f"{plural(running['apps'], 'app')}; {plural(running['schedules'], 'schedule')}",
        "Projects": _some([f"{one['slug']} of {one['owner']}" for one in projects], counts["projects"]),
        "Derived": _some(found["derived"], counts["derived"]),
        "Frees": format_bytes(found["frees"]),
        "Successor": found["successor"] or "none",
    }
    for name, value in lines.items():
        say(f"{name + ':':<11}{value}")
    if found["successor"]:
        say(f"{'Covers:':<11}{_covered(found)}")
        _print_moves(found)
    for one in found["proposals"]:
        if one["environment"] != found["successor"]:
            say(f"{'Proposed:':<11}{one['environment']}, covers {_covered(one)}")
    say(f"{'Token:':<11}{found['token']}")


def _some(names: list[str], total: int) -> str:
    """Return a number with the first names, e.g. `2 (ana, ben)`."""
    more = f" and {total - NAMED:,} more" if total > NAMED else ""
    return f"{total:,}" + (f" ({', '.join(names[:NAMED])}{more})" if names else "")


def _covered(one: dict[str, Any]) -> str:
    kind = "imported libraries" if one["by"] == "imported" else "direct libraries"
    lost = f"; loses {', '.join(one['lost'])}" if one["lost"] else ""
    major = sum(move["step"] == "major" for move in one["moved"])
    moved = f"; {plural(len(one['moved']), 'library')} in another version" if one["moved"] else ""
    return f"{one['covers']} % of the {kind}{lost}{moved}" + (f", {major} major" if major else "")


def _print_moves(found: dict[str, Any]) -> None:
    if found["moved"]:
        say("")
        rows = [(one["name"], one["from"], one["to"], one["step"]) for one in found["moved"]]
        say_table(("Library", "Now", found["successor"], "Change"), rows)
        say("")


def _deprecate(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), path_of(arguments.version)
    before = client.get(path)
    first = before["status"] != "deprecated"
    if first and not arguments.message:
        raise InvalidInputError("A message is needed.", hint="Add --message with what its users should know.")
    body = {
        "reason": arguments.message if arguments.message is not None else before["reason"],
        "successor": arguments.successor if arguments.successor is not None else before["successor"],
        "ends": _end(arguments.end) if arguments.end is not None else before["ends"],
        "impact": arguments.impact,
    }
    after = client.post(f"{path}/deprecate", body) if first else client.put(f"{path}/deprecation", body)
    ends = f"; it ends on {after['ends'][:10]}" if after["ends"] else ""
    instead = f"; its successor is {after['successor']}" if after["successor"] else ""
    say(f"{after['reference']} is deprecated{instead}{ends}.")
    return 0


def _end(text: str) -> str | None:
    """Return the end of a day as the API takes it, None for ''. Raises InvalidInputError."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(f"{text[:20]!r} is not a date.", hint="Write it as 2027-06-30.") from error
    return datetime.combine(day, time.max, tzinfo=UTC).isoformat()


def _restore(arguments: argparse.Namespace) -> int:
    if arguments.key_file is not None:
        return restore_backup(Path(arguments.version), arguments.key_file)
    client, path = Client.from_environment(), path_of(arguments.version)
    retired = client.get(path)["status"] == "retired"
    after = client.post(f"{path}/{'reinstate' if retired else 'restore'}")
    say(f"{after['reference']} is {after['status']} again.")
    if after.get("rebuild"):
        say(
            "Its files were removed. They are built again from its lock; people can launch it when they are verified."
        )
    return 0


def _retire(arguments: argparse.Namespace) -> int:
    body = {"reason": arguments.reason, "force": arguments.force, "impact": arguments.impact}
    after = Client.from_environment().post(f"{path_of(arguments.version)}/retire", body)
    instead = f" People are led to {after['successor']}." if after["successor"] else ""
    say(f"{after['reference']} is retired.{instead}")
    return 0


def _act(action: str, done: str) -> Any:  # noqa: ANN401 - a function that runs a command
    def run(arguments: argparse.Namespace) -> int:
        body = {"reason": arguments.reason, "impact": arguments.impact}
        after = Client.from_environment().post(f"{path_of(arguments.version)}/{action}", body)
        say(f"{after['reference']} {done}.")
        return 0

    return run
