"""`assay review`: what a reviewer sees of a version, over HTTP."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from assay.cli.arguments import add_command, add_json, add_version
from assay.cli.environments import path_of
from assay.cli.output import Tone, columns, say, say_json, tint
from assay.client import Client
from assay.core.formatting import format_bytes, plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

TONES = {"block": Tone.BAD, "warn": Tone.WARN}
WIDTH = 7  # of the words for effects, with a gap
MARKS = {"added": "+", "removed": "-", "upgraded": "↑", "downgraded": "↓", "rebuilt": "≈", "moved": "⇄"}


def add_to(commands: Commands) -> None:
    """Add `assay review`."""
    command = add_command(
        commands,
        "review",
        "Show what a reviewer sees of a built version",
        _review,
        details=(
            "Prints one sentence, then findings (blocking ones first), library changes and checks.\n"
            "Exits with 0, with 1 if a finding blocks approval and is not waived, and with 2 for errors."
        ),
        examples=(
            "assay review geo@3",
            "assay review geo@3 --compare-with geo@1",
            "assay review geo@3 --json | jq .sentence",
        ),
        error_code=2,
    )
    add_version(command)
    command.add_argument(
        "--compare-with",
        default="",
        metavar="NAME@NUMBER",
        help="another version, or nothing (default: the last published version before it, else its base)",
    )
    add_json(command)


def _review(arguments: argparse.Namespace) -> int:
    query = urlencode({"compare_with": arguments.compare_with})
    found = Client.from_environment().get(f"{path_of(arguments.version)}/review?{query}")
    if arguments.json:
        say_json(found)
    else:
        _print(found)
    return 1 if found["blocking"] else 0


def _print(found: dict[str, Any]) -> None:
    against = found["compared_with"] or "nothing"
    about = f"{found['title']}, {found['status']}, compared with {against}"
    say(f"{tint(found['reference'], Tone.STRONG)}  {tint(about, Tone.SOFT)}")
    say(tint(found["sentence"], _tone_of(found)))
    _print_findings(found)
    _print_changes(found)
    _heading("Checks")
    say(f"  {found['checks']['sentence']}")
    say("")
    say(tint(found["url"], Tone.SOFT))


def _tone_of(found: dict[str, Any]) -> Tone:
    """Return the tone of the sentence: good only when everything was assessed and nothing was found."""
    if found["blocking"]:
        return Tone.BAD
    if found["warnings"] or any(one["state"] == "failed" for one in found["checks"]["items"]):
        return Tone.WARN
    return Tone.GOOD if found["assessed"] else Tone.PLAIN


def _heading(text: str) -> None:
    say("")
    say(tint(text, Tone.STRONG))


def _print_findings(found: dict[str, Any]) -> None:
    lines = [
        *((one["effect"], one["words"], one["advice"]) for one in found["findings"]),
        *(("waived", one["words"], f"{one['by']}: {one['reason']}") for one in found["waived"]),
        *(("note", one["words"], "") for one in found["notes"]),
    ]
    if not lines:
        return
    _heading("Findings")
    for effect, words, more in lines:
        say(f"  {tint(effect.ljust(WIDTH), TONES.get(effect, Tone.SOFT))}{tint(words)}")
        if more:
            say(f"  {'':<{WIDTH}}{tint(more, Tone.SOFT)}")


def _print_changes(found: dict[str, Any]) -> None:
    """Print the changes that the review page shows, and how many it folds."""
    if not found["changes"]:
        return
    _heading("Changes")
    shown = [one for one in found["changes"] if one["shown"] == "shown"]
    for line, change in zip(columns([_row(one) for one in shown]), shown, strict=True):
        say("  " + tint(line, _tone(change)))
    for kind, words in (("folded", "of libraries that others need"), ("approved before", "approved here before")):
        count = sum(one["shown"] == kind for one in found["changes"])
        if count:
            say(tint(f"  and {plural(count, 'change')} {words}", Tone.SOFT))


def _tone(change: dict[str, Any]) -> Tone:
    notable = change["change"] in {"downgraded", "rebuilt", "moved"} or change["licence_changed"]
    return Tone.WARN if notable or not change["default_index"] else Tone.PLAIN


def _row(change: dict[str, Any]) -> tuple[str, ...]:
    before, after = change["before"], change["after"]
    versions = f"{before} → {after}" if before and after and before != after else after or before
    step = change["step"] if change["change"] == "upgraded" and change["step"] else change["change"]
    return f"{MARKS[change['change']]} {change['library']}", versions, step, _growth(change["growth"]), _why(change)


def _growth(growth: int) -> str:
    return f"+{format_bytes(growth)}" if growth > 0 else format_bytes(growth) if growth else ""


def _why(change: dict[str, Any]) -> str:
    """Return why a library is installed, and what a reviewer should know of it."""
    if change["change"] == "removed":
        return "no longer required"
    before, after = change["licences"]
    licence = f"{before} → {after}" if change["licence_changed"] else after if change["change"] == "added" else ""
    parts = [
        "direct" if change["direct"] else f"via {' → '.join(change['via'])}" if change["via"] else "",
        "new to this workspace" if change["new"] else "",
        licence,
        "" if change["default_index"] else f"from {change['index']}",
    ]
    return ", ".join(part for part in parts if part)
