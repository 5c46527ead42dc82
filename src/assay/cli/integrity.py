"""`assay verify`: compare the files of a version with what was built, over HTTP."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_version
from assay.cli.builds import POLL_SECONDS, follow_build
from assay.cli.environments import path_of
from assay.cli.output import say, show_progress
from assay.client import Client
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add `assay verify`."""
    command = add_command(
        commands,
        "verify",
        "Verify the files of a built version",
        _verify,
        details="Reads every file and lists those that are changed, missing or added. Exits with 1 if there are any.",
        examples=("assay verify geo@3", "assay verify geo@3 --rebuild"),
    )
    add_version(command)
    command.add_argument("--rebuild", action="store_true", help="rebuild the version from its lock if a file differs")


def _verify(arguments: argparse.Namespace) -> int:
    client, path = Client.from_environment(), path_of(arguments.version)
    clean = _follow(client, client.post(f"{path}/verify", {})["verification"])
    if clean or not arguments.rebuild:
        return 0 if clean else 1
    say(f"Rebuilding {arguments.version} from its lock …")
    build = follow_build(client, client.post(f"{path}/rebuild", {})["build"])
    if build["state"] != "built":
        say(f"The build is {build['state']}.")
        return 1
    return 0 if _follow(client, client.post(f"{path}/verify", {})["verification"]) else 1


def _follow(client: Client, verification: str) -> bool:
    """Print the progress of a verification and then its outcome; return whether all files are as built."""
    while (seen := client.get(f"/verifications/{verification}"))["state"] in {"queued", "running"}:
        progress = seen["progress"]
        show_progress(f"{progress['done']:,} of {plural(progress['total'], 'file')}")
        time.sleep(POLL_SECONDS)
    show_progress("")
    outcome = seen["outcome"]
    if outcome is None:
        say("The verification was interrupted. Run it again.")
        return False
    for kind in ("changed", "missing", "added"):
        for name in outcome[kind]:
            say(f"{kind}: {name}")
    verdict = "all files are as built." if outcome["clean"] else "the files are NOT as built."
    amount, size = plural(outcome["files"], "file"), format_bytes(outcome["bytes"])
    say(f"Verified {amount}, {size} in {outcome['seconds']:.1f} s: {verdict}")
    return bool(outcome["clean"])
