"""`assay findings`, `waive`, `remedy`, `sbom` and `policy`: over HTTP."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.environments import path_of
from assay.client import Client
from assay.core.errors import InvalidInputError

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    for name, text, run in (
        ("findings", "what the policy finds in a built version", _findings),
        ("sbom", "print the list of parts of a built version (CycloneDX)", _sbom),
        ("remedy", "draft the smallest moves that clear known problems", _remedy),
        ("waive", "accept one finding, with a reason", _waive),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("version", help="name@number")
        command.set_defaults(run=run)
        if name == "remedy":
            command.add_argument("--try", action="store_true", dest="only_tell", help="only tell, make no draft")
        if name == "waive":
            command.add_argument("finding", help="as `assay findings` shows it")
            command.add_argument("--reason", required=True)
            command.add_argument("--until", help="when to look again, e.g. 2027-01-31T00:00:00Z")
    policy = commands.add_parser("policy", help="the rules of the workspace")
    actions = policy.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("show", help="print the policy as YAML").set_defaults(run=_show)
    for name, text, run in (
        ("try", "what a policy would stop; nothing is saved", _try),
        ("save", "make a policy the one that counts", _save),
    ):
        command = actions.add_parser(name, help=text)
        command.add_argument("file", type=Path, help="a YAML document")
        command.set_defaults(run=run)


def _findings(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().get(f"{path_of(arguments.version)}/findings")
    feed = found["feed"]
    _say(f"Policy {found['policy']}, advisories {'of ' + feed['source'] if feed else 'not assessed'}")
    for one in found["items"]:
        waived = f"  (waived by {one['waiver']['by']}: {one['waiver']['reason']})" if one["waiver"] else ""
        _say(f"{one['effect']:<5} {one['id']}  {one['words']}{waived}")
        _say(f"{'':<24}{one['advice']}")
    return 1 if found["open_blocks"] else 0


def _sbom(arguments: argparse.Namespace) -> int:
    document = Client.from_environment().get(f"{path_of(arguments.version)}/sbom")
    sys.stdout.write(json.dumps(document, indent=1) + "\n")
    return 0


def _remedy(arguments: argparse.Namespace) -> int:
    body = {"create": not arguments.only_tell}
    found = Client.from_environment().post(f"{path_of(arguments.version)}/remedy", body)
    _say(found["words"])
    for one in found["left"]:
        _say(f"left: {one['library']} {one['version']} has {one['id']}, and no fixed version is known")
    if found["draft"]:
        _say(f"{found['draft']} is a draft. Next: assay build {found['draft']}")
    return 0


def _waive(arguments: argparse.Namespace) -> int:
    body = {"finding": arguments.finding, "reason": arguments.reason, "until": arguments.until}
    Client.from_environment().post(f"{path_of(arguments.version)}/waive", body)
    _say("Waived. It holds as long as the fact is the same.")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    del arguments
    sys.stdout.write(Client.from_environment().get("/policy.yaml"))
    return 0


def _try(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().post("/policy/try", {"yaml": _read(arguments.file)})
    _say(
        f"Would stop {found['would_stop']} of {found['looked_at']} versions, warn of {found['would_warn']}; "
        f"{found['people']} people and {found['runtimes']} runtimes use what it stops."
    )
    for one in found["stopped"]:
        _say(f"{one['reference']} ({one['status']}): {'; '.join(one['findings'][:3])}")
    return 0


def _save(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    body = {"yaml": _read(arguments.file), "revision": client.get("/policy")["revision"]}
    _say(f"Policy {client.call('PUT', '/policy', body)['revision']} counts from now on.")
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"{path} cannot be read: {error}", hint="Give a YAML document.") from error


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
