"""`assay serve`, `assay worker`, `assay up`, `assay studio install`: what runs the server."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]


def add_to(commands: Commands) -> None:
    """Add the commands."""
    commands.add_parser("serve", help="start the pages and the API").set_defaults(run=_serve)
    commands.add_parser("worker", help="start the worker, which builds and runs").set_defaults(run=_worker)
    commands.add_parser("apps", help="start the door through which people reach apps").set_defaults(run=_apps)
    commands.add_parser("migrate", help="prepare or upgrade the database").set_defaults(run=_migrate)
    up = commands.add_parser("up", help="start everything: pages, worker and Studio")
    up.add_argument("--demo", action="store_true", help="add people and a few real environments")
    up.set_defaults(run=_up)
    studio = commands.add_parser("studio", help="JupyterHub and JupyterLab beside the server")
    actions = studio.add_subparsers(dest="action", required=True, metavar="ACTION")
    install = actions.add_parser("install", help="install them ahead of time; `assay up` does it if needed")
    install.set_defaults(run=_install_studio)


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
    """Set Django up and the database with it; nothing to do unless the server has never started."""
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
    sys.stdout.write(f"Studio is ready in {install_studio()}.\n")
    return 0
