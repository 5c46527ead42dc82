"""The command of each kind of project, and the paths of the installation that it may read and write.

`recording` are the variables with which what runs in the environment reports its imports (flow/usage/recording).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from assay.engine.kernels.overlay import kernel_argv
from assay.flow.paths import engine_paths
from assay.runtimes.applications import template
from assay.store.models import Run, Runtime
from assay.studio.prefix import PACKAGE, code_path, studio_prefix


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command with the paths that it may read and write, and its environment variables."""

    argv: list[str]
    readable: tuple[str, ...]
    writable: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


def script_command(run: Run, directory: Path, prefix: Path, recording: dict[str, str]) -> Command:
    """Return the command that runs a file with the environment's interpreter."""
    source = directory / "source"
    argv = [str(prefix / "bin" / "python"), str(source / run.entry), *run.arguments]
    return Command(argv=argv, readable=(str(prefix), str(source)), variables=recording)


def notebook_command(run: Run, directory: Path, prefix: Path, recording: dict[str, str]) -> Command:
    """Return the command that runs a notebook from Studio's prefix, in the environment's kernel."""
    source, scratch, paths = directory / "source", directory / "scratch", engine_paths()
    kernel = scratch / "kernels" / "assay"
    kernel.mkdir(parents=True)
    spec = {
        "argv": kernel_argv(prefix, paths, run.version.python),
        "display_name": run.version.reference,
        "language": "python",
        "env": recording,
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    target = directory / "outputs" / Path(run.entry).name
    argv = [
        str(studio_prefix() / "bin" / "python"),
        "-m",
        "assay.studio.run_notebook",
        str(source / run.entry),
        str(target),
    ]
    return Command(
        argv=argv,
        readable=(str(prefix), str(source), paths.overlays, *_studio_paths()),
        writable=(str(scratch),),
        variables={
            "PYTHONPATH": str(code_path()),
            "JUPYTER_PATH": str(scratch),
            "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
            "JUPYTER_CONFIG_DIR": str(scratch / "config"),
            "IPYTHONDIR": str(scratch / "ipython"),
        },
    )


def app_command(run: Run, directory: Path, prefix: Path, recording: dict[str, str]) -> Command:
    """Return the command that starts an app on loopback, at its port, as defined by its application."""
    source, port = directory / "source", run.port or 0
    host = host_of(run.runtime)
    argv = template(run.runtime.workspace_id, run.runtime.app).command(
        python=str(prefix / "bin" / "python"), entry=str(source / run.entry), port=port, host=host
    )
    variables = {"HOST": "127.0.0.1", "PORT": str(port), "ASSAY_HOST": host, **recording}
    return Command(argv=[*argv, *run.arguments], readable=(str(prefix), str(source)), variables=variables)


def host_of(runtime: Runtime) -> str:
    """Return the host name and port of an app; each app has its own host name."""
    parts = urlsplit(settings.APPS_URL)
    port = f":{parts.port}" if parts.port else ""
    return f"{runtime.slug}-{runtime.pk}.{parts.hostname}{port}"


def _studio_paths() -> tuple[str, ...]:
    return tuple(str(path) for path in (studio_prefix(), code_path(), PACKAGE) if path.exists())


COMMANDS: dict[str, Callable[[Run, Path, Path, dict[str, str]], Command]] = {
    "script": script_command,
    "notebook": notebook_command,
    "app": app_command,
}
