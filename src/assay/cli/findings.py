"""`assay findings`, `waive`, `remedy` and `sbom`: over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.environments import path_of
from assay.cli.output import say, say_json
from assay.client import Client

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    findings = add_command(
        commands,
        "findings",
        "List the findings of a built version",
        _findings,
        details="Exits with 1 if a finding blocks approval and is not waived, and with 2 for errors.",
        error_code=2,
        examples=("assay findings geo@3", "assay findings geo@3 --json"),
    )
    add_json(findings)
    sbom = add_command(
        commands,
        "sbom",
        "Print the SBOM of a built version (CycloneDX, JSON)",
        _sbom,
        examples=("assay sbom geo@3 > geo-3.cdx.json",),
    )
    remedy = add_command(
        commands,
        "remedy",
        "Draft the smallest update that fixes vulnerabilities",
        _remedy,
        examples=("assay remedy geo@3 --try", "assay remedy geo@3"),
    )
    remedy.add_argument("--try", action="store_true", dest="preview", help="show the update and create no draft")
    waive = add_command(
        commands,
        "waive",
        "Waive a finding",
        _waive,
        examples=('assay waive geo@3 3714025227fa9f24 --reason "We do not read TIFF." --until 2027-01-31T00:00:00Z',),
    )
    for command in (findings, sbom, remedy, waive):
        add_version(command)
    waive.add_argument("finding", metavar="FINDING", help="ID that `assay findings` shows")
    waive.add_argument("--reason", required=True, help="why the finding is acceptable")
    waive.add_argument(
        "--until", metavar="TIME", help="end of the waiver, such as 2027-01-31T00:00:00Z (default: none)"
    )


def _findings(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().get(f"{path_of(arguments.version)}/findings")
    if arguments.json:
        say_json(found)
    else:
        _print(found)
    return 1 if found["open_blocks"] else 0


def _print(found: dict[str, Any]) -> None:
    feed = found["feed"]
    policy = f"policy revision {found['policy']}" if found["policy"] else "default policy"
    say(f"Assessed with the {policy}; advisories {'of ' + feed['source'] if feed else 'not assessed'}.")
    if not found["items"]:
        say("No findings.")
    for one in found["items"]:
        waived = f"  (waived by {one['waiver']['by']}: {one['waiver']['reason']})" if one["waiver"] else ""
        say(f"{one['effect']:<5}  {one['id']}  {one['words']}{waived}")
        say(f"{'':<7}{'':<{len(one['id'])}}  {one['advice']}")


def _sbom(arguments: argparse.Namespace) -> int:
    say_json(Client.from_environment().get(f"{path_of(arguments.version)}/sbom"))
    return 0


def _remedy(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().post(f"{path_of(arguments.version)}/remedy", {"create": not arguments.preview})
    say(found["words"])
    for one in found["left"]:
        say(f"Not fixed: {one['library']} {one['version']} has {one['id']}, and no release fixes it.")
    if found["draft"]:
        say(f"Created {found['draft']} as a draft. Next: assay build {found['draft']}")
    return 0


def _waive(arguments: argparse.Namespace) -> int:
    body = {"finding": arguments.finding, "reason": arguments.reason, "until": arguments.until}
    Client.from_environment().post(f"{path_of(arguments.version)}/waive", body)
    until = f" until {arguments.until}" if arguments.until else ""
    say(f"Waived {arguments.finding}{until}, as long as its facts stay the same.")
    return 0
