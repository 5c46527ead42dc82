"""`assay verify`: are the files of a version still what was built? Over HTTP."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from assay.cli.environments import path_of
from assay.client import Client
from assay.core.format_bytes import format_bytes

if TYPE_CHECKING:
    from assay.cli.serve import Commands

LOOK = 0.2  # seconds


def add_to(commands: Commands) -> None:
    """Add `assay verify`."""
    command = commands.add_parser("verify", help="look whether the files of a version are still what was built")
    command.add_argument("version", help="name@number")
    command.add_argument("--rebuild", action="store_true", help="build it again from its lock if they are not")
    command.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), path_of(arguments.version)
    clean = _follow(client, client.post(f"{path}/verify", {})["verification"])
    if clean or not arguments.rebuild:
        return 0 if clean else 1
    build = client.post(f"{path}/rebuild", {})["build"]
    sys.stdout.write(f"Building {arguments.version} again from its lock …\n")
    while (state := client.get(f"/builds/{build}")["state"]) not in {"built", "failed", "cancelled"}:
        time.sleep(LOOK)
    if state != "built":
        sys.stdout.write(f"The build {state}.\n")
        return 1
    return 0 if _follow(client, client.post(f"{path}/verify", {})["verification"]) else 1


def _follow(client: Client, verification: str) -> bool:
    """Show progress until the end, then what was seen."""
    while (seen := client.get(f"/verifications/{verification}"))["state"] in {"queued", "running"}:
        progress = seen["progress"]
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{progress['done']} of {progress['total']} files ")
        time.sleep(LOOK)
    outcome = seen["outcome"]
    if outcome is None:
        sys.stdout.write("The verification was interrupted. Run it again.\n")
        return False
    for kind in ("changed", "missing", "added"):
        for name in outcome[kind]:
            sys.stdout.write(f"{kind}: {name}\n")
    seconds = max(outcome["seconds"], 0.001)
    verdict = "all are what was built" if outcome["clean"] else "NOT what was built"
    sys.stdout.write(f"{outcome['files']:,} files, {format_bytes(outcome['bytes'])} in {seconds:.1f} s: {verdict}\n")
    return bool(outcome["clean"])
