"""`assay up`, `serve`, `worker`, `apps`, `migrate`, `studio install`: commands that run the server."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from assay.cli.arguments import add_command, add_group
from assay.cli.output import say

if TYPE_CHECKING:
    from assay.cli.arguments import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    up = add_command(
        commands,
        "up",
        "Start everything: pages, worker, app proxy and Studio",
        _up,
        details="Ctrl-C stops all of it. `assay config show` prints the settings, such as PORT and ASSAY_HOME.",
        examples=("assay up", "PORT=8010 ASSAY_HOME=/srv/assay assay up", "assay up --demo"),
    )
    up.add_argument("--demo", action="store_true", help="add example people and environments")
    add_command(commands, "serve", "Start the pages and the API", _serve)
    add_command(commands, "worker", "Start the worker, which runs builds, runtimes and checks", _worker)
    add_command(commands, "apps", "Start the proxy through which people reach apps", _apps)
    add_command(commands, "migrate", "Create or upgrade the database", _migrate)
    studio = add_group(commands, "studio", "Install Studio: JupyterHub and JupyterLab")
    add_command(
        studio,
        "install",
        "Install Studio ahead of time",
        _install_studio,
        details="`assay up` does it when it is needed.",
    )


def _serve(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.web import serve  # noqa: PLC0415 - Django is loaded only by the commands that need it

    return serve()


def _worker(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.worker import work  # noqa: PLC0415 - as above

    return work()


def _apps(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.app_proxy import serve_apps  # noqa: PLC0415 - as above

    return serve_apps()


def _migrate(arguments: argparse.Namespace) -> int:
    del arguments
    ready()
    return 0


def ready() -> None:
    """Set up Django, and create or upgrade the database if needed."""
    from assay.server.setup import migrate, prepare  # noqa: PLC0415 - as above

    prepare()
    migrate()


def _up(arguments: argparse.Namespace) -> int:
    from assay.server.up import up  # noqa: PLC0415 - as above

    return up(demo=arguments.demo)


def _install_studio(arguments: argparse.Namespace) -> int:
    del arguments
    from assay.server.setup import install_studio, prepare  # noqa: PLC0415 - as above

    prepare()
    say(f"Studio is installed in {install_studio()}.")
    return 0
