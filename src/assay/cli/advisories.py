"""`assay admin advisories load` and `status`: the advisory feed, on the server's machine."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group
from assay.cli.output import say
from assay.cli.serve import ready
from assay.core.formatting import plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands below `assay admin`."""
    actions = add_group(commands, "advisories", "Load the advisory feed (OSV) and show its age")
    load = add_command(
        actions,
        "load",
        "Load an advisory feed",
        _load,
        details="The feed is the all.zip of the PyPI ecosystem in OSV format.",
        examples=(
            "assay admin advisories load all.zip",
            "assay admin advisories load https://osv.example/PyPI/all.zip",
        ),
    )
    load.add_argument("source", metavar="PATH-OR-ADDRESS", help="file or http(s) address of the feed")
    add_command(
        actions, "status", "Show source and age of the feed", _status, details="Exits with 1 if no feed is loaded."
    )


def _load(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.watch.advisories import load_feed  # noqa: PLC0415 - models load after Django is set up

    feed = load_feed(arguments.source)
    say(
        f"Loaded {plural(feed.records, 'record')}: {feed.added:,} new, {feed.changed:,} changed, "
        f"{feed.removed:,} removed, {feed.malformed:,} malformed and skipped."
    )
    return 0


def _status(arguments: argparse.Namespace) -> int:
    del arguments
    ready()
    from django.conf import settings  # noqa: PLC0415 - as above
    from django.utils import timezone  # noqa: PLC0415 - as above

    from assay.flow.watch.advisories import feed_problem  # noqa: PLC0415 - as above
    from assay.store.reads.advisories import feed_facts  # noqa: PLC0415 - as above

    facts, problem = feed_facts(), feed_problem(settings.ADVISORIES)
    if problem:
        say(f"The worker could not load it at {problem.at:%Y-%m-%d %H:%M} UTC: {problem.error}")
    if facts is None:
        say("No feed is loaded, so advisories are not assessed. Next: assay admin advisories load PATH-OR-ADDRESS")
        return 1
    age = plural(facts.age_days(timezone.now()), "day")
    lines = {
        "Source": facts.source,
        "Loaded": f"{facts.loaded_at:%Y-%m-%d %H:%M} UTC ({age} ago)",
        "Records": f"{facts.records:,}",
        "Newest": facts.newest or "unknown",
    }
    for name, value in lines.items():
        say(f"{name + ':':<9}{value}")
    return 0
