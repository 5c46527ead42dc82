"""`assay admin …`: accounts, tokens, workspace and disk space, on the server's machine; `assay audit verify`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from assay.cli import advisories, applications, pythons
from assay.cli.arguments import add_command, add_group, add_json, add_workspace, read_password
from assay.cli.output import say, say_json, say_table
from assay.cli.rollouts import add_plan, plan_from
from assay.cli.serve import ready
from assay.core.formatting import format_bytes, plural
from assay.core.maintenance.approval_validity import read_tags, write_tags
from assay.core.maintenance.rollout import RolloutPlan
from assay.core.roles import Right, Role

if TYPE_CHECKING:
    from assay.cli.arguments import Commands

FROM_STDIN = "Reads the password from stdin; at a terminal, generates a password and prints it."


def add_to(commands: Commands) -> None:
    """Add the commands."""
    actions = add_group(commands, "admin", "Administer accounts and the workspace, on the server's machine")
    _add_accounts(actions)
    collect = add_command(
        actions,
        "collect",
        "Remove environments and wheels that nothing needs",
        _collect,
        examples=("assay admin collect --dry-run", "assay admin collect --hours 1"),
    )
    collect.add_argument("--dry-run", action="store_true", help="list them and remove nothing")
    collect.add_argument(
        "--hours", type=float, default=24.0, help="only what is older than this many hours (default: 24)"
    )
    add_json(collect)
    add_command(
        actions,
        "rebuild-missing",
        "Build published environments again whose files are missing",
        _rebuild_missing,
        details="Each is built from its own lock, to the same digest or not at all, when the worker runs.",
    )
    _add_workspace(actions)
    advisories.add_to(actions)
    applications.add_to(actions)
    pythons.add_to(actions)
    audit = add_group(commands, "audit", "Check the audit log, on the server's machine")
    add_command(
        audit,
        "verify",
        "Verify the hash chain of every workspace's audit log",
        _verify,
        details="Exits with 1 if a chain is broken.",
    )


def _add_accounts(actions: Commands) -> None:
    create = add_command(
        actions,
        "create-user",
        "Create an account",
        _create_user,
        details=FROM_STDIN,
        examples=("assay admin create-user ana --role member",),
    )
    password = add_command(
        actions, "set-password", "Set the password of an account", _set_password, details=FROM_STDIN
    )
    role = add_command(
        actions,
        "set-role",
        "Set the role of a member of a workspace",
        _set_role,
        examples=("assay admin set-role ana --role reviewer",),
    )
    token = add_command(
        actions,
        "token",
        "Create an API token and print it",
        _token,
        examples=("export ASSAY_TOKEN=$(assay admin token ana)", "assay admin token ci --scope SEE --days 30"),
    )
    for command in (create, password, role, token):
        command.add_argument("name", metavar="NAME", help="name of the account")
    for command in (create, role):
        command.add_argument(
            "--role", required=True, choices=[role.value for role in Role], help="role in the workspace"
        )
        add_workspace(command)
    token.add_argument(
        "--scope",
        default="ADMINISTER",
        choices=[right.name for right in Right],
        help="most that the token may do, within the role (default: %(default)s)",
    )
    token.add_argument("--days", type=int, default=90, help="days until it expires (default: %(default)s)")


def _add_workspace(actions: Commands) -> None:
    workspace = add_command(
        actions,
        "workspace",
        "Show or change the rules of a workspace for builds and approvals",
        _workspace,
        examples=("assay admin workspace", "assay admin workspace default --approvals 2 --require-sandbox yes"),
    )
    workspace.add_argument(
        "name", nargs="?", default="default", metavar="NAME", help="workspace (default: %(default)s)"
    )
    for option, text in (
        ("require-sandbox", "refuse builds without a sandbox"),
        ("allow-sdists", "build a library from source, in the sandbox, if it has no wheel"),
        ("self-approval", "let authors approve their own submissions"),
        ("personal-overlays", "let people pip install libraries for themselves"),
        ("record-imports", "count which libraries sessions import, without people"),
        ("auto-approve", "publish low-risk updates automatically"),
        ("rebase-automatically", "rebase what builds on a base when it publishes a newer version"),
        ("approval-refuse", "refuse new launches of versions whose approval has expired"),
    ):
        workspace.add_argument(f"--{option}", choices=["yes", "no"], help=text)
    workspace.add_argument("--approvals", type=int, metavar="NUMBER", help="required approvals")
    add_plan(workspace)
    workspace.add_argument(
        "--approval-days", type=int, metavar="DAYS", help="days that an approval is good for; 0: it does not end"
    )
    workspace.add_argument(
        "--approval-days-by-tag", metavar="TAGS", help="days by tag, such as gpu=90,stable=730; '' for none"
    )
    workspace.add_argument(
        "--groups", metavar="GROUPS", help="required reviewer groups, separated by commas; '' for none"
    )


def _create_user(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import create_person  # noqa: PLC0415 - models load after Django is set up

    password, generated = read_password()
    create_person(arguments.name, password, Role(arguments.role), arguments.workspace)
    say(f"Created {arguments.name} as {arguments.role} of {arguments.workspace}.")
    if generated:
        say(f"Password: {password}")
    return 0


def _set_password(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import set_password  # noqa: PLC0415 - as above

    password, generated = read_password()
    set_password(arguments.name, password)
    say(f"Changed the password of {arguments.name}.")
    if generated:
        say(f"Password: {password}")
    return 0


def _set_role(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import set_role  # noqa: PLC0415 - as above

    set_role(arguments.name, Role(arguments.role), arguments.workspace)
    say(f"{arguments.name} is {arguments.role} of {arguments.workspace} now.")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import create_token, find_person  # noqa: PLC0415 - as above

    person = find_person(arguments.name)
    made = create_token(person, "command line", scope=Right[arguments.scope], days=arguments.days)
    say(made.secret)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    del arguments
    ready()
    from assay.store.audit_log import verify  # noqa: PLC0415 - as above
    from assay.store.models import Workspace  # noqa: PLC0415 - as above

    broken = 0
    for workspace in Workspace.objects.all():
        wrong = verify(workspace)
        broken += wrong is not None
        state = "intact" if wrong is None else f"BROKEN at event {wrong:,}"
        say(f"{workspace.slug}: the chain of {plural(workspace.event_count, 'event')} is {state}.")
    return 1 if broken else 0


def _collect(arguments: argparse.Namespace) -> int:
    """Remove what nothing needs, or list it."""
    ready()
    from assay.flow.build.garbage_collection import collect as clear  # noqa: PLC0415 - models load after Django is set up

    found = clear(dry_run=arguments.dry_run, older_than=arguments.hours * 3600.0)
    if arguments.json:
        say_json([asdict(one) for one in found])
        return 0
    if not found:
        say("Nothing to remove.")
        return 0
    say_table(
        ("Kind", "Name", "Size"),
        [(one.kind, one.name[:16], format_bytes(one.size)) for one in found],
        right=("Size",),
    )
    amount = plural(len(found), "directory")
    verb = "Would remove" if arguments.dry_run else "Removed"
    say(f"{verb} {amount}, {format_bytes(sum(one.size for one in found))}.")
    return 0


def _workspace(arguments: argparse.Namespace) -> int:
    """Change the rules of a workspace and print all of them."""
    ready()
    from assay.flow.people import DEMANDS, set_workspace  # noqa: PLC0415 - as above

    changed: dict[str, object] = {
        name: value == "yes"
        for name in (*DEMANDS, "auto_approve", "approval_refuse")
        if (value := getattr(arguments, name)) is not None
    }
    if arguments.approvals is not None:
        changed["approvals"] = arguments.approvals
    if arguments.approval_days is not None:
        changed["approval_days"] = arguments.approval_days
    if arguments.approval_days_by_tag is not None:
        changed["approval_days_by_tag"] = read_tags(arguments.approval_days_by_tag)
    if arguments.groups is not None:
        changed["approval_groups"] = [one.strip() for one in arguments.groups.split(",") if one.strip()]
    plan = plan_from(arguments)
    if plan is not None:
        changed["rollout"] = plan
    for name, value in set_workspace(arguments.name, changed).items():
        say(f"{name.replace('_', '-') + ':':<22}{_shown(value)}")
    return 0


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return RolloutPlan.from_dict(value).words
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return write_tags(value) or "none"
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def _rebuild_missing(arguments: argparse.Namespace) -> int:
    del arguments
    ready()
    from assay.flow.build.rebuild_missing import rebuild_missing  # noqa: PLC0415 - as above

    queued = rebuild_missing()
    say(f"{plural(len(queued), 'environment')} will be built again from the locks.")
    for reference in queued:
        say(f"  {reference}")
    return 0
