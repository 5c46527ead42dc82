"""`assay policy show`, `try` and `save`: the rules of the workspace, over HTTP."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group, add_json
from assay.cli.output import say, say_json
from assay.client import Client
from assay.core.errors import InvalidInputError
from assay.core.formatting import plural

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    actions = add_group(commands, "policy", "Show, preview and save the policy of the workspace")
    add_command(actions, "show", "Print the policy as YAML", _show, examples=("assay policy show > policy.yaml",))
    preview = add_command(
        actions,
        "try",
        "Preview what a policy would block, without saving it",
        _try,
        examples=("assay policy try policy.yaml",),
    )
    add_json(preview)
    save = add_command(
        actions, "save", "Save a policy as a new revision", _save, examples=("assay policy save policy.yaml",)
    )
    for command in (preview, save):
        command.add_argument("file", type=Path, metavar="FILE", help="policy in YAML")


def _show(arguments: argparse.Namespace) -> int:
    del arguments
    sys.stdout.write(Client.from_environment().get("/policy.yaml"))
    return 0


def _try(arguments: argparse.Namespace) -> int:
    found = Client.from_environment().post("/policy/try", {"yaml": _read(arguments.file)})
    if arguments.json:
        say_json(found)
        return 0
    used = f"{plural(found['people'], 'user')} and {plural(found['runtimes'], 'runtime')}"
    say(
        f"Would block {found['would_stop']} of {plural(found['looked_at'], 'version')} and warn about "
        f"{found['would_warn']}. The blocked versions have {used}."
    )
    for one in found["stopped"]:
        say(f"{one['reference']} ({one['status']}): {'; '.join(one['findings'][:3])}")
    return 0


def _save(arguments: argparse.Namespace) -> int:
    client = Client.from_environment()
    body = {"yaml": _read(arguments.file), "revision": client.get("/policy")["revision"]}
    say(f"Saved the policy as revision {client.call('PUT', '/policy', body)['revision']}.")
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInputError(f"Cannot read {path}: {reason}.", hint="Name a policy in YAML.") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"Cannot read {path}: it is not UTF-8 text.", hint="Name a policy in YAML."
        ) from error
