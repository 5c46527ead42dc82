"""From a run to its process: its files laid out, its command behind the wall, its variables."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path

from assay.flow.launch.secrets import secret_values
from assay.flow.paths import home as installation
from assay.flow.paths import person_home
from assay.launchers.interface import Start
from assay.launchers.isolation import walled
from assay.runtimes.kinds import COMMANDS
from assay.store.models import Run

GRACE = 0.8  # seconds between being asked to end and being forced


def lay_out(run: Run, directory: Path) -> None:
    """Write a run's files into its directory, new from the start; those of a repository lie there already."""
    for name in ("outputs", "scratch", *(() if run.source["kind"] == "git" else ("source",))):
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / "outputs").mkdir(parents=True)
    if run.source["kind"] == "git":
        return
    for name, text in run.source["files"].items():
        path = directory / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def start_of(run: Run, directory: Path, prefix: Path) -> Start:
    """Return what is started for a run whose files are laid out. Raises NotFoundError for a removed secret.

    Whoever asks for a run, it has the home and the secrets of the project's owner: nobody lends their own
    files to somebody else's code.
    """
    outputs = directory / "outputs"
    command = COMMANDS[run.runtime.kind](run, directory, prefix)
    home = person_home(run.runtime.owner.get_username())
    home.mkdir(parents=True, exist_ok=True)
    memory, processors = run.limits.get("memory"), run.limits.get("processors")
    return Start(
        argv=tuple(
            walled(
                command.argv,
                home=str(installation()),
                readable=_seen(command.readable),
                writable=(str(outputs), str(home), *command.writable),
            )
        ),
        cwd=str(outputs),
        env=_variables(run, prefix, home) | command.variables,
        workdir=str(directory),
        seconds=run.limits.get("seconds"),
        memory=int(memory) if memory else None,
        processors=int(processors) if processors else None,
        grace=GRACE,
        secrets=secret_values(run.runtime.workspace_id, run.runtime.owner_id, run.secrets),
    )


def free_port() -> int:
    """Return a port on loopback that nothing listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _seen(readable: tuple[str, ...]) -> tuple[str, ...]:
    """Return the places that lie in the installation's home; all others are in sight anyway."""
    return tuple(place for place in readable if Path(place).is_relative_to(installation()) and Path(place).exists())


def _variables(run: Run, prefix: Path, home: Path) -> dict[str, str]:
    """Return the variables of a run: nothing of the server's own, byte code in the owner's home."""
    processors = run.limits.get("processors")
    threads = {"OMP_NUM_THREADS": str(int(processors))} if processors else {}
    return threads | {
        "PATH": f"{prefix / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": str(prefix),
        "HOME": str(home),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPYCACHEPREFIX": str(home / ".cache" / "pycache"),
        "ASSAY_RUN": str(run.pk),
        "ASSAY_PARAMETERS": json.dumps(run.parameters),
    }
