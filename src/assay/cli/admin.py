"""`assay admin …`: accounts and tokens, on the machine of the server."""

from __future__ import annotations

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

from assay.cli import advisories, applications
from assay.cli.serve import ready
from assay.core.format_bytes import format_bytes
from assay.core.roles import Right, Role

if TYPE_CHECKING:
    from assay.cli.serve import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    admin = commands.add_parser("admin", help="accounts and tokens, on the server's machine")
    actions = admin.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = actions.add_parser("create-user", help="make an account; reads the password from stdin")
    create.add_argument("name")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument("--workspace", default="default")
    create.set_defaults(run=_create_user)
    password = actions.add_parser("set-password", help="give somebody a new password; reads it from stdin")
    password.add_argument("name")
    password.set_defaults(run=_set_password)
    role = actions.add_parser("set-role", help="change what somebody is in a workspace")
    role.add_argument("name")
    role.add_argument("--role", required=True, choices=[role.value for role in Role])
    role.add_argument("--workspace", default="default")
    role.set_defaults(run=_set_role)
    token = actions.add_parser("token", help="print a new API token")
    token.add_argument("name")
    token.add_argument("--scope", default="ADMINISTER", choices=[right.name for right in Right])
    token.add_argument("--days", type=int, default=90)
    token.set_defaults(run=_token)
    collect = actions.add_parser("collect", help="remove environments and wheels that nothing needs")
    collect.add_argument("--dry-run", action="store_true", help="only name them")
    collect.add_argument("--hours", type=float, default=24.0, help="only what is older than that (24)")
    collect.set_defaults(run=_collect)
    workspace = actions.add_parser("workspace", help="what a workspace demands of builds and approvals")
    workspace.add_argument("name", nargs="?", default="default")
    for option in ("require-sandbox", "allow-sdists", "self-approval", "personal-overlays"):
        workspace.add_argument(f"--{option}", choices=["yes", "no"])
    workspace.add_argument("--approvals", type=int, help="how many reviewers must approve")
    workspace.add_argument("--groups", help="groups of which one each must be among them, by commas; '' for none")
    workspace.add_argument(
        "--auto-approve", choices=["yes", "no"], help="publish changes of low risk without anybody"
    )
    workspace.set_defaults(run=_workspace)
    advisories.add_to(actions)
    applications.add_to(actions)
    audit = commands.add_parser("audit", help="the trail of events")
    checks = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    checks.add_parser("verify", help="walk the hash chain of every workspace").set_defaults(run=_verify)


def _create_user(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import create_person  # noqa: PLC0415 - models load after Django is set up

    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    password = given or secrets.token_urlsafe(12)
    create_person(arguments.name, password, Role(arguments.role), arguments.workspace)
    sys.stdout.write(f"Made {arguments.name} ({arguments.role} in {arguments.workspace}).\n")
    if not given:
        sys.stdout.write(f"Password: {password}\n")
    return 0


def _set_password(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import set_password  # noqa: PLC0415 - as above

    given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    password = given or secrets.token_urlsafe(12)
    set_password(arguments.name, password)
    sys.stdout.write(f"{arguments.name} signs in with {'the new password' if given else password} now.\n")
    return 0


def _set_role(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import set_role  # noqa: PLC0415 - as above

    set_role(arguments.name, Role(arguments.role), arguments.workspace)
    sys.stdout.write(f"{arguments.name} is {arguments.role} in {arguments.workspace} now.\n")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    ready()
    from assay.flow.people import create_token, find_person  # noqa: PLC0415 - as above

    person = find_person(arguments.name)
    made = create_token(person, "command line", scope=Right[arguments.scope], days=arguments.days)
    sys.stdout.write(f"{made.secret}\n")
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
        state = "holds" if wrong is None else f"is broken at event {wrong}"
        sys.stdout.write(f"{workspace.slug}: the chain of {workspace.event_count} events {state}\n")
    return 1 if broken else 0


def _collect(arguments: argparse.Namespace) -> int:
    """Remove what nothing needs, or name it."""
    ready()
    from assay.flow.build.garbage_collection import collect as clear  # noqa: PLC0415 - models load after Django is set up

    found = clear(dry_run=arguments.dry_run, older_than=arguments.hours * 3600.0)
    for one in found:
        sys.stdout.write(f"{one.kind:<12} {one.name[:16]}  {format_bytes(one.size):>10} of its own\n")
    total = format_bytes(sum(one.size for one in found))
    verb = "would be removed" if arguments.dry_run else "removed"
    sys.stdout.write(f"{len(found):,} directories {verb}, {total}\n")
    return 0


def _workspace(arguments: argparse.Namespace) -> int:
    """Change what a workspace demands."""
    ready()
    from assay.flow.people import set_workspace  # noqa: PLC0415 - as above

    changed: dict[str, object] = {
        name: value == "yes"
        for name in ("require_sandbox", "allow_sdists", "self_approval", "personal_overlays", "auto_approve")
        if (value := getattr(arguments, name)) is not None
    }
    if arguments.approvals is not None:
        changed["approvals"] = arguments.approvals
    if arguments.groups is not None:
        changed["approval_groups"] = [one.strip() for one in arguments.groups.split(",") if one.strip()]
    for name, value in set_workspace(arguments.name, changed).items():
        sys.stdout.write(f"{name}: {_told(value)}\n")
    return 0


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
