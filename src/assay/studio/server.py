"""`python -m assay.studio.server COMMAND ARGUMENTS`: one server as one process tree.

The Hub calls this with `jupyterhub-singleuser`, or with `jupyter-standaloneproxy` and an application's command.
"""

from __future__ import annotations

import os
import sys

from assay.launchers.isolation import isolated
from assay.studio.limits import ResourceLimits
from assay.studio.process_tree import run_tree

GRACE = 2.0  # seconds after SIGTERM, which a server may ignore after a failed kernel
CODE = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 - pathlib costs start-up time
ENGINE = f"{CODE}/../engine"  # has what starts kernels and reports imports
APPLICATION = f"{CODE}/application.py"
MODULE = "jupyterhub.singleuser"  # of notebook servers
OPTIONS = (
    "--ServerApp.terminals_enabled=True",
    "--ServerApp.jpserver_extensions=jupyter_server_proxy=False",  # it would expose other servers' ports
    "--KernelSpecManager.ensure_native_kernel=False",
    "--KernelSpecManager.allowed_kernelspecs=python3",
    "--HubOAuth.cache_max_age=10",  # seconds until a sign-out or a removed right takes effect
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.collaborative=False",
    "--LabApp.override_static_url=/hub/lab-static/",  # one address for all servers (hub_static)
    "--LabApp.extension_manager=readonly",  # all servers share the prefix
)


def command(arguments: list[str]) -> list[str]:
    """Return the command of a notebook server that offers exactly one kernel, or of an application's proxy."""
    program, *rest = arguments or ["jupyterhub-singleuser"]
    if program == "jupyter-standaloneproxy":
        return [sys.executable, "-P", APPLICATION, *rest]
    root = ["--allow-root"] if os.geteuid() == 0 else []
    user = [f"--Session.username={os.environ['JUPYTERHUB_USER']}"]  # by default read when a library is imported
    return [sys.executable, "-P", "-m", MODULE, *rest, *OPTIONS, *user, *root]  # -P: not from the person's files


def isolated_command(argv: list[str]) -> list[str]:
    """Return the command with Assay's home hidden, except for the environments and the person's files."""
    home = os.environ.pop("ASSAY_ISOLATED_HOME", "")
    if not home:
        return argv
    return isolated(
        argv, home=home, readable=shared_paths(home, os.environ["JUPYTER_PATH"]), writable=(os.environ["HOME"],)
    )


def shared_paths(home: str, *more: str) -> tuple[str, ...]:
    """Return what every server may read in Assay's home: environments, and Studio itself where it is there."""
    ours = [
        one for one in (sys.prefix, CODE, ENGINE) if os.path.realpath(one).startswith(f"{os.path.realpath(home)}/")
    ]
    readable = [f"{home}/environments", f"{home}/overlays", *more, *ours]
    return tuple(one for one in readable if os.path.isdir(one))  # noqa: PTH112 - pathlib costs start-up time


def resource_limits() -> ResourceLimits:
    """Return the limits of this server from JupyterHub's variables."""
    memory, processors = os.environ.get("MEM_LIMIT", ""), os.environ.get("CPU_LIMIT", "")
    home, name = os.environ.get("ASSAY_ISOLATED_HOME", ""), os.environ.get("JUPYTERHUB_SERVER_NAME", "")
    return ResourceLimits(
        memory=int(memory or 0),
        processors=float(processors or 0),
        status_file=f"{home}/hub/memory/{os.environ['JUPYTERHUB_USER']}-{name}.json" if home and name else "",
    )


def set_variables() -> None:
    """Turn the variables that the Hub gives to this process into those of the server."""
    # Only needed to find this module. Kernels and terminals must not see Assay's code; they may report their imports.
    os.environ.pop("PYTHONPATH", None)
    if recording := os.environ.pop("ASSAY_PYTHONPATH", ""):
        os.environ["PYTHONPATH"] = recording
    # In terminals the environment's programs and Assay's `pip` come before Studio's.
    os.environ["PATH"] = f"{os.environ.pop('ASSAY_PATH', '')}:{os.environ.get('PATH', os.defpath)}".lstrip(":")


if __name__ == "__main__":
    limits = resource_limits()
    set_variables()
    argv = isolated_command(command(sys.argv[1:]))
    sys.exit(run_tree(argv, grace=GRACE, limits=limits))
