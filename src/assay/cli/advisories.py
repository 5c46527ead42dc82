"""`assay admin advisories load` and `status`: which known vulnerabilities verdicts rest on."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from assay.cli.serve import ready

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(commands: Commands) -> None:
    """Add the commands below `assay admin`."""
    advisories = commands.add_parser("advisories", help="known vulnerabilities (OSV)")
    actions = advisories.add_subparsers(dest="what", required=True, metavar="ACTION")
    load = actions.add_parser("load", help="load a feed, the ecosystem's all.zip")
    load.add_argument("source", metavar="PATH-OR-ADDRESS")
    load.set_defaults(run=_load)
    actions.add_parser("status", help="where the feed is from and how old it is").set_defaults(run=_status)


def _load(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.watch.advisories import load_feed  # noqa: PLC0415 - models load after Django is set up

    feed = load_feed(arguments.source)
    sys.stdout.write(
        f"{feed.records} advisories: {feed.added} new, {feed.changed} changed, {feed.removed} gone, "
        f"{feed.malformed} malformed and passed over.\n"
    )
    return 0


def _status(arguments: argparse.Namespace) -> int:
    del arguments
    ready()
    from django.utils import timezone  # noqa: PLC0415 - as above

    from assay.store.reads.advisories import feed_facts  # noqa: PLC0415 - as above

    facts = feed_facts()
    if facts is None:
        sys.stdout.write("No feed is loaded: advisories are not assessed. Load one with `load PATH-OR-ADDRESS`.\n")
        return 1
    sys.stdout.write(
        f"{facts.records} advisories from {facts.source}, loaded {facts.loaded_at:%Y-%m-%d %H:%M} UTC "
        f"({facts.age_days(timezone.now())} days ago), newest record {facts.newest or 'unknown'}.\n"
    )
    return 0
